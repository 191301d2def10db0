# The Helm chart carries copies of the CRDs and roles of config/, so that they cannot drift.

GENERATED += charts/juncture/files

##@ Chart

generate: generate-chart

.PHONY: generate-chart
generate-chart: generate-crds generate-rbac ## Copy the CRDs and roles of config/ into the Helm chart
	@rm -rf charts/juncture/files
	@mkdir -p charts/juncture/files/crds charts/juncture/files/rbac
	@cp config/crd/bases/*.yaml charts/juncture/files/crds
	@find config/rbac -name '*.yaml' ! -name kustomization.yaml -exec cp -t charts/juncture/files/rbac {} +
