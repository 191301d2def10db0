# A real Kubernetes for the demo, the end-to-end tests and the controller tests: see docs/local-cluster.md.

# Which cluster: current (the one that the kubeconfig reaches), kind, local (built here), or empty: kind if it can run, else local.
export CLUSTER ?=
# Where make images-load pushes with CLUSTER=current.
export REGISTRY ?=

##@ Cluster

.PHONY: envtest-assets
envtest-assets: ## Build what controller tests need (API server, etcd, kubectl); print KUBEBUILDER_ASSETS
	@hack/cluster/build.sh envtest

.PHONY: cluster-build
cluster-build: ## Build all programs of the local cluster into the cache
	@hack/cluster/build.sh cluster

.PHONY: cluster-up
cluster-up: ## Start a cluster, or find the running one; print its kubeconfig (CLUSTER=current|kind|local)
	@hack/cluster/cluster.sh up

.PHONY: cluster-down
cluster-down: ## Remove the cluster and all it did to the machine
	@hack/cluster/cluster.sh down

.PHONY: cluster-status
cluster-status: ## Tell whether the cluster is up, and its nodes and pods
	@hack/cluster/cluster.sh status

.PHONY: cluster-smoke
cluster-smoke: cluster-up ## Check that the cluster can do what Juncture needs of one
	@go -C hack/cluster/image test ./...
	@hack/cluster/smoke.sh

##@ Images

.PHONY: images
images: ## Build the images of ./cmd/manager and ./cmd/evaluator without a container engine
	@hack/cluster/images.sh build manager evaluator

.PHONY: images-load
images-load: images ## Load the images into the cluster
	@hack/cluster/images.sh load manager evaluator
