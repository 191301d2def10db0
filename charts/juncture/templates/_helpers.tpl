{{/* Labels that select the managers' pods. They cannot change in an upgrade. */}}
{{- define "juncture.selectorLabels" -}}
app.kubernetes.io/name: juncture
app.kubernetes.io/component: manager
{{- end }}

{{/* Labels of every object. */}}
{{- define "juncture.labels" -}}
app.kubernetes.io/name: juncture
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/part-of: juncture
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{/* The reference of an image: (dict "image" .Values.image "chart" .Chart). */}}
{{- define "juncture.image" -}}
{{- if .image.digest -}}
{{ .image.repository }}@{{ .image.digest }}
{{- else -}}
{{ .image.repository }}:{{ .image.tag | default .chart.AppVersion }}
{{- end -}}
{{- end }}

{{/* What Pod Security "restricted" asks of a pod, and of a container. */}}
{{- define "juncture.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end }}

{{- define "juncture.containerSecurityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
{{- end }}
