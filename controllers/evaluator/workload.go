// Copyright 2026 The Juncture Authors.
// SPDX-License-Identifier: Apache-2.0

package evaluator

import (
	"path"
	"strconv"

	appsv1 "k8s.io/api/apps/v1"
	corev1 "k8s.io/api/core/v1"
	networkingv1 "k8s.io/api/networking/v1"
	policyv1 "k8s.io/api/policy/v1"
	rbacv1 "k8s.io/api/rbac/v1"
	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/apimachinery/pkg/util/intstr"
	appsac "k8s.io/client-go/applyconfigurations/apps/v1"
	coreac "k8s.io/client-go/applyconfigurations/core/v1"
	metaac "k8s.io/client-go/applyconfigurations/meta/v1"
	networkingac "k8s.io/client-go/applyconfigurations/networking/v1"
	policyac "k8s.io/client-go/applyconfigurations/policy/v1"
	rbacac "k8s.io/client-go/applyconfigurations/rbac/v1"

	"github.com/juncture-dev/juncture/api/v1alpha1"
	"github.com/juncture-dev/juncture/engine/bundle"
	"github.com/juncture-dev/juncture/internal/assignment"
	"github.com/juncture-dev/juncture/internal/names"
)

const (
	containerName = "evaluator"
	listenPort    = 8443
	nobody        = 65532 // the user of the image
	// stopSeconds is how long a run may take to come to a point where it can be resumed.
	stopSeconds = 60
)

// Options of all evaluators.
type Options struct {
	// Image of the evaluator: of the same version as the manager.
	Image string
	// PullPolicy of the image; empty for the cluster's own choice.
	PullPolicy corev1.PullPolicy
	// CPU is what a replica asks for. It may use more.
	CPU resource.Quantity
	// Memory is what a replica asks for and may use.
	Memory resource.Quantity
	// APIServerPorts that the network policy lets a replica reach, besides DNS and its sources.
	APIServerPorts []int32
}

// workload is the objects of one evaluator, as pure functions of what is wanted.
type workload struct {
	evaluator *v1alpha1.Evaluator
	want      *wanted
	options   Options
}

func (w *workload) name() string              { return names.Workload(w.evaluator.Name) }
func (w *workload) labels() map[string]string { return names.EvaluatorLabels(w.evaluator.Name) }

func (w *workload) owner() *metaac.OwnerReferenceApplyConfiguration {
	return metaac.OwnerReference().
		WithAPIVersion(v1alpha1.GroupVersion.String()).WithKind("Evaluator").
		WithName(w.evaluator.Name).WithUID(w.evaluator.UID).WithController(true)
}

func (w *workload) selector() *metaac.LabelSelectorApplyConfiguration {
	return metaac.LabelSelector().WithMatchLabels(names.EvaluatorSelector(w.evaluator.Name))
}

func (w *workload) serviceAccount() *coreac.ServiceAccountApplyConfiguration {
	return coreac.ServiceAccount(w.name(), w.evaluator.Namespace).
		WithLabels(w.labels()).WithOwnerReferences(w.owner()).
		WithAutomountServiceAccountToken(false) // the pod asks for it; nothing else under this account gets one
}

// role lets the replicas report, and nothing else: their own entry, and the
// reports of their own districts.
func (w *workload) role() *rbacac.RoleApplyConfiguration {
	rules := []*rbacac.PolicyRuleApplyConfiguration{
		rbacac.PolicyRule().WithAPIGroups(v1alpha1.GroupVersion.Group).WithResources("evaluators/status").
			WithResourceNames(w.evaluator.Name).WithVerbs("get", "patch"),
	}
	// A rule without names would allow all of them.
	if len(w.want.assignment.Districts) > 0 {
		reports := rbacac.PolicyRule().WithAPIGroups(v1alpha1.GroupVersion.Group).WithResources("decisionreports/status").WithVerbs("get", "patch")
		for _, d := range w.want.assignment.Districts {
			reports.WithResourceNames(d.Name)
		}
		rules = append(rules, reports)
	}
	return rbacac.Role(w.name(), w.evaluator.Namespace).WithLabels(w.labels()).WithOwnerReferences(w.owner()).WithRules(rules...)
}

func (w *workload) roleBinding() *rbacac.RoleBindingApplyConfiguration {
	return rbacac.RoleBinding(w.name(), w.evaluator.Namespace).WithLabels(w.labels()).WithOwnerReferences(w.owner()).
		WithRoleRef(rbacac.RoleRef().WithAPIGroup(rbacv1.GroupName).WithKind("Role").WithName(w.name())).
		WithSubjects(w.subject())
}

// clusterRoleBinding lets the replicas ask who a caller is and what the caller
// may see. Nothing in a namespace can own it: the finalizer takes it away.
func (w *workload) clusterRoleBinding() *rbacac.ClusterRoleBindingApplyConfiguration {
	labels := w.labels()
	labels[names.LabelNetwork] = w.evaluator.Namespace
	return rbacac.ClusterRoleBinding(names.ClusterRoleBinding(w.evaluator.Namespace, w.evaluator.Name)).WithLabels(labels).
		WithRoleRef(rbacac.RoleRef().WithAPIGroup(rbacv1.GroupName).WithKind("ClusterRole").WithName(names.EvaluatorAuthRole)).
		WithSubjects(w.subject())
}

func (w *workload) subject() *rbacac.SubjectApplyConfiguration {
	return rbacac.Subject().WithKind(rbacv1.ServiceAccountKind).WithNamespace(w.evaluator.Namespace).WithName(w.name())
}

// claim is the volume of the records. It has no owner.
func (w *workload) claim() *coreac.PersistentVolumeClaimApplyConfiguration {
	labels := w.labels()
	labels[names.LabelComponent] = names.ComponentRecord
	spec := coreac.PersistentVolumeClaimSpec().
		WithAccessModes(corev1.ReadWriteOnce).
		WithResources(coreac.VolumeResourceRequirements().WithRequests(corev1.ResourceList{corev1.ResourceStorage: storage(w.evaluator)}))
	if class := w.evaluator.Spec.Store.StorageClassName; class != "" {
		spec.WithStorageClassName(string(class))
	}
	return coreac.PersistentVolumeClaim(names.Claim(w.evaluator.Name), w.evaluator.Namespace).WithLabels(labels).WithSpec(spec)
}

// storage is the size of the record's volume: the schema has checked its form.
func storage(evaluator *v1alpha1.Evaluator) resource.Quantity {
	size, err := resource.ParseQuantity(evaluator.Spec.Store.Size)
	if err != nil || size.Sign() <= 0 {
		return resource.MustParse("10Gi")
	}
	return size
}

func (w *workload) assignmentConfigMap() *coreac.ConfigMapApplyConfiguration {
	return coreac.ConfigMap(names.AssignmentConfigMap(w.evaluator.Name, string(w.want.digest)), w.evaluator.Namespace).
		WithLabels(w.labels()).WithOwnerReferences(w.owner()).
		WithImmutable(true).WithData(map[string]string{assignment.File: w.want.canonical})
}

// revisionConfigMap holds one bundle for all evaluators of the namespace, so no
// one of them owns it.
func (w *workload) revisionConfigMap(digest bundle.Digest) *coreac.ConfigMapApplyConfiguration {
	return coreac.ConfigMap(names.RevisionConfigMap(digest), w.evaluator.Namespace).
		WithLabels(map[string]string{names.LabelManagedBy: names.ManagedBy, names.LabelName: "juncture", names.LabelComponent: names.ComponentRevision}).
		WithImmutable(true).WithData(map[string]string{assignment.BundleFile: w.want.bundles[digest]})
}

func (w *workload) service() *coreac.ServiceApplyConfiguration {
	return coreac.Service(w.name(), w.evaluator.Namespace).WithLabels(w.labels()).WithOwnerReferences(w.owner()).
		WithSpec(coreac.ServiceSpec().
			WithSelector(names.EvaluatorSelector(w.evaluator.Name)).
			WithPorts(coreac.ServicePort().WithName("https").WithProtocol(corev1.ProtocolTCP).WithPort(listenPort).WithTargetPort(intstr.FromString("https"))))
}

// disruptionBudget lets one replica be away at a time. With the embedded store
// there is one, so a node can always be drained: a run that is cut off is
// resumed from the record, and a budget that forbade it would only stop the
// cluster's own maintenance.
func (w *workload) disruptionBudget() *policyac.PodDisruptionBudgetApplyConfiguration {
	return policyac.PodDisruptionBudget(w.name(), w.evaluator.Namespace).WithLabels(w.labels()).WithOwnerReferences(w.owner()).
		WithSpec(policyac.PodDisruptionBudgetSpec().
			WithMaxUnavailable(intstr.FromInt32(1)).
			WithUnhealthyPodEvictionPolicy(policyv1.AlwaysAllow).
			WithSelector(w.selector()))
}

// networkPolicy lets callers in on the one port, and the replicas out to what
// they need: names, the API server, and the servers of their rosters.
func (w *workload) networkPolicy() *networkingac.NetworkPolicyApplyConfiguration {
	out := []*networkingac.NetworkPolicyPortApplyConfiguration{policyPort(corev1.ProtocolUDP, 53), policyPort(corev1.ProtocolTCP, 53)}
	open := map[int32]bool{}
	for _, port := range append(append([]int32{}, w.options.APIServerPorts...), w.want.sources.ports...) {
		if !open[port] {
			open[port] = true
			out = append(out, policyPort(corev1.ProtocolTCP, port))
		}
	}
	return networkingac.NetworkPolicy(w.name(), w.evaluator.Namespace).WithLabels(w.labels()).WithOwnerReferences(w.owner()).
		WithSpec(networkingac.NetworkPolicySpec().
			WithPodSelector(w.selector()).
			WithPolicyTypes(networkingv1.PolicyTypeIngress, networkingv1.PolicyTypeEgress).
			WithIngress(networkingac.NetworkPolicyIngressRule().WithPorts(policyPort(corev1.ProtocolTCP, listenPort))).
			WithEgress(networkingac.NetworkPolicyEgressRule().WithPorts(out...)))
}

func policyPort(protocol corev1.Protocol, port int32) *networkingac.NetworkPolicyPortApplyConfiguration {
	return networkingac.NetworkPolicyPort().WithProtocol(protocol).WithPort(intstr.FromInt32(port))
}

// deployment runs one replica: the embedded store has one writer, so the old
// pod goes before the new one comes.
func (w *workload) deployment() *appsac.DeploymentApplyConfiguration {
	return appsac.Deployment(w.name(), w.evaluator.Namespace).WithLabels(w.labels()).WithOwnerReferences(w.owner()).
		WithSpec(appsac.DeploymentSpec().
			WithReplicas(1).
			WithRevisionHistoryLimit(2).
			WithStrategy(appsac.DeploymentStrategy().WithType(appsv1.RecreateDeploymentStrategyType)).
			WithSelector(w.selector()).
			WithTemplate(coreac.PodTemplateSpec().
				WithLabels(w.labels()).
				WithAnnotations(map[string]string{names.AnnotationAssignment: string(w.want.digest), "kubectl.kubernetes.io/default-container": containerName}).
				WithSpec(w.podSpec())))
}

// podSpec passes Pod Security "restricted", but for a hostPath, which only
// demonstrations declare.
func (w *workload) podSpec() *coreac.PodSpecApplyConfiguration {
	volumes, mounts := w.volumes()
	return coreac.PodSpec().
		WithServiceAccountName(w.name()).
		WithAutomountServiceAccountToken(true).
		WithEnableServiceLinks(false).
		WithTerminationGracePeriodSeconds(stopSeconds).
		WithSecurityContext(coreac.PodSecurityContext().
			WithRunAsNonRoot(true).WithRunAsUser(nobody).WithRunAsGroup(nobody).
			WithFSGroup(nobody).WithFSGroupChangePolicy(corev1.FSGroupChangeOnRootMismatch).
			WithSeccompProfile(coreac.SeccompProfile().WithType(corev1.SeccompProfileTypeRuntimeDefault))).
		WithVolumes(volumes...).
		WithContainers(w.container(mounts))
}

func (w *workload) container(mounts []*coreac.VolumeMountApplyConfiguration) *coreac.ContainerApplyConfiguration {
	container := coreac.Container().
		WithName(containerName).
		WithImage(w.options.Image).
		WithArgs(
			"--assignment-dir="+assignment.Dir,
			"--bundle-dir="+assignment.BundleDir,
			"--store-dir="+assignment.StoreDir,
			"--listen=:"+strconv.Itoa(listenPort),
		).
		WithEnv(coreac.EnvVar().WithName("POD_NAME").WithValueFrom(coreac.EnvVarSource().
			WithFieldRef(coreac.ObjectFieldSelector().WithAPIVersion("v1").WithFieldPath("metadata.name")))).
		WithPorts(coreac.ContainerPort().WithName("https").WithProtocol(corev1.ProtocolTCP).WithContainerPort(listenPort)).
		WithStartupProbe(probe("/healthz").WithPeriodSeconds(2).WithFailureThreshold(150)). // opening a large record takes its time
		WithLivenessProbe(probe("/healthz").WithPeriodSeconds(20).WithTimeoutSeconds(5)).
		WithReadinessProbe(probe("/readyz").WithPeriodSeconds(5).WithTimeoutSeconds(5)).
		WithResources(coreac.ResourceRequirements().
			WithRequests(corev1.ResourceList{corev1.ResourceCPU: w.options.CPU, corev1.ResourceMemory: w.options.Memory}).
			WithLimits(corev1.ResourceList{corev1.ResourceMemory: w.options.Memory})).
		WithSecurityContext(coreac.SecurityContext().
			WithAllowPrivilegeEscalation(false).WithReadOnlyRootFilesystem(true).
			WithCapabilities(coreac.Capabilities().WithDrop("ALL"))).
		WithVolumeMounts(mounts...)
	if w.options.PullPolicy != "" {
		container.WithImagePullPolicy(w.options.PullPolicy)
	}
	return container
}

func probe(at string) *coreac.ProbeApplyConfiguration {
	return coreac.Probe().WithHTTPGet(coreac.HTTPGetAction().WithScheme(corev1.URISchemeHTTPS).WithPath(at).WithPort(intstr.FromString("https")))
}

// volumes are mounted where package assignment says that the evaluator looks.
func (w *workload) volumes() ([]*coreac.VolumeApplyConfiguration, []*coreac.VolumeMountApplyConfiguration) {
	var volumes []*coreac.VolumeApplyConfiguration
	var mounts []*coreac.VolumeMountApplyConfiguration
	mount := func(volume *coreac.VolumeApplyConfiguration, at string, readOnly bool) {
		volumes = append(volumes, volume)
		m := coreac.VolumeMount().WithName(*volume.Name).WithMountPath(at)
		if readOnly {
			m.WithReadOnly(true)
		}
		mounts = append(mounts, m)
	}

	mount(coreac.Volume().WithName("record").WithPersistentVolumeClaim(
		coreac.PersistentVolumeClaimVolumeSource().WithClaimName(names.Claim(w.evaluator.Name))), assignment.StoreDir, false)
	mount(coreac.Volume().WithName("tmp").WithEmptyDir(coreac.EmptyDirVolumeSource()), "/tmp", false)
	mount(coreac.Volume().WithName("assignment").WithConfigMap(
		coreac.ConfigMapVolumeSource().WithName(names.AssignmentConfigMap(w.evaluator.Name, string(w.want.digest)))), assignment.Dir, true)
	mount(coreac.Volume().WithName("bundles").WithProjected(w.bundles()), assignment.BundleDir, true)
	for _, claim := range w.want.sources.claims {
		mount(coreac.Volume().WithName(volumeName("claim", claim)).WithPersistentVolumeClaim(
			coreac.PersistentVolumeClaimVolumeSource().WithClaimName(claim).WithReadOnly(true)), path.Join(assignment.SourceDir, claim), true)
	}
	for _, folder := range w.want.sources.hostPaths {
		mount(coreac.Volume().WithName(volumeName("host", folder)).WithHostPath(
			coreac.HostPathVolumeSource().WithPath(folder).WithType(corev1.HostPathUnset)), hostPathMount(folder), true)
	}
	for _, secret := range w.want.sources.secrets {
		// Optional: the credentials of one district, when they are missing, must not keep the others from being served. The
		// evaluator says CredentialsNotFound for that district, and finds the Secret when it appears.
		mount(coreac.Volume().WithName(volumeName("secret", secret)).WithSecret(
			coreac.SecretVolumeSource().WithSecretName(secret).WithOptional(true)), path.Join(assignment.SecretDir, secret), true)
	}
	return volumes, mounts
}

// bundles projects each revision's ConfigMap to <digest>/bundle.json.
func (w *workload) bundles() *coreac.ProjectedVolumeSourceApplyConfiguration {
	projected := coreac.ProjectedVolumeSource()
	for _, digest := range w.want.digests() {
		projected.WithSources(coreac.VolumeProjection().WithConfigMap(coreac.ConfigMapProjection().
			WithName(names.RevisionConfigMap(digest)).
			WithItems(coreac.KeyToPath().WithKey(assignment.BundleFile).WithPath(path.Join(string(digest), assignment.BundleFile)))))
	}
	return projected
}

// volumeName is a DNS label for what may have a longer name.
func volumeName(kind, name string) string {
	return kind + "-" + bundle.DigestOf([]byte(name)).Short()
}
