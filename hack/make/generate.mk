# Everything that is derived from the Go types and markers, and committed.
# A fragment that derives more adds its own target: `generate: generate-mine` and `GENERATED += path/`.

# The paths that `make generate` owns; `make verify` compares them.
GENERATED += api config/crd/bases config/rbac/role.yaml docs/api-reference.md

##@ Generate

.PHONY: generate
generate: generate-api generate-crds generate-rbac generate-docs ## Regenerate deepcopy code, CRDs, the manager's role and the API reference

.PHONY: generate-api
generate-api: $(CONTROLLER_GEN)
	$(CONTROLLER_GEN) object:headerFile=hack/boilerplate.go.txt paths=./api/...

.PHONY: generate-crds
generate-crds: $(CONTROLLER_GEN)
	$(CONTROLLER_GEN) crd paths=./api/... output:crd:artifacts:config=config/crd/bases

.PHONY: generate-rbac
generate-rbac: $(CONTROLLER_GEN)
	$(CONTROLLER_GEN) rbac:roleName=juncture-manager paths=./controllers/... output:rbac:artifacts:config=config/rbac

.PHONY: generate-docs
generate-docs: $(CRD_REF_DOCS)
	$(CRD_REF_DOCS) --source-path=api/v1alpha1 --config=hack/crd-ref-docs.yaml --renderer=markdown --log-level=ERROR --output-path=docs/api-reference.md
