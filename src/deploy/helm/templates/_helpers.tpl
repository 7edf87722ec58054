{{- define "loom.selector" -}}
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/name: loom-bridge-server
{{- end }}
{{- define "loom.labels" -}}
{{ include "loom.selector" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- define "loom.probe" -}}
{{- if .Values.tls.enabled -}}
exec:
  command: ["/loom-bridge-server", "--health"]
{{- else -}}
grpc:
  port: {{ .Values.ports.grpc }}
{{- end }}
timeoutSeconds: 6
{{- end }}
