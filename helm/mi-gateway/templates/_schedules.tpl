{{/* What orders by the clock. */}}

{{- define "mi-gateway.scheduleAccount" -}}
{{- include "mi-gateway.suffixed" (dict "root" . "suffix" "schedules") -}}
{{- end }}

{{/* Whom the tokens of schedules are for. */}}
{{- define "mi-gateway.scheduleAudience" -}}
{{- $audience := .Values.scheduler.audience | default .Values.config.authKubernetesAudience -}}
{{- if not $audience -}}
{{- range include "mi-gateway.issuers" . | fromJsonArray }}{{ $audience = regexReplaceAll "^[^=]*=" . "" }}{{ end -}}
{{- end -}}
{{- $audience -}}
{{- end }}

{{- define "mi-gateway.url" -}}
{{- $port := include "mi-gateway.servicePort" . -}}
{{- $scheme := include "mi-gateway.scheme" . -}}
{{- $usual := or (and (eq $scheme "http") (eq $port "80")) (and (eq $scheme "https") (eq $port "443")) -}}
{{- printf "%s://%s.%s.svc%s" $scheme (include "mi-gateway.fullname" .) .Release.Namespace (ternary "" (printf ":%s" $port) $usual) -}}
{{- end }}

{{/* Path and query of an order, after /vms/{name}. */}}
{{- define "mi-gateway.orderOf" -}}
{{- $query := list -}}
{{- if eq .action "hibernate" }}{{ $query = append $query "hibernate=true" }}{{ end -}}
{{- with .subscriptionId }}{{ $query = append $query (printf "subscriptionId=%s" .) }}{{ end -}}
{{- with .resourceGroup }}{{ $query = append $query (printf "resourceGroup=%s" (urlquery .)) }}{{ end -}}
{{- if .supersede }}{{ $query = append $query "supersede=true" }}{{ end -}}
{{- printf "/%s%s" (ternary "deallocate" .action (eq .action "hibernate")) (ternary (printf "?%s" (join "&" $query)) "" (gt (len $query) 0)) -}}
{{- end }}

{{/* Whether an order that is given twice is done once. */}}
{{- define "mi-gateway.isRepeatable" -}}
{{- if not (has .action (list "restart" "redeploy")) }}true{{ end -}}
{{- end }}

{{/* Where the machines of a schedule are, as far as it says. A group is named by both of its ids. */}}
{{- define "mi-gateway.scheduleScope" -}}
{{- if and .subscriptionId .resourceGroup }} in MiGateway::ResourceGroup::"/subscriptions/{{ .subscriptionId }}/resourceGroups/{{ .resourceGroup }}"
{{- else if .subscriptionId }} in MiGateway::Subscription::"/subscriptions/{{ .subscriptionId }}"
{{- end -}}
{{- end }}

{{/* The policies that permit to schedules what they do. */}}
{{- define "mi-gateway.schedulePolicies" -}}
{{- $account := printf "system:serviceaccount:%s:%s" .Release.Namespace (include "mi-gateway.scheduleAccount" .) -}}
// The actions of the schedules of this release on their machines, and nothing more.
{{- range .Values.schedules }}
{{- if and .resourceGroup (not .subscriptionId) }}

// The schedule {{ .name }} has a resourceGroup without a subscriptionId: no policy can name that.
{{- else }}

@id("schedule-{{ .name }}")
permit (
  principal == MiGateway::Caller::"{{ $account }}",
  action == MiGateway::Action::"{{ .action }}",
  resource is MiGateway::Vm{{ include "mi-gateway.scheduleScope" . }}
)
when {
  {{- range $index, $vm := .vms }}
  {{ if $index }}|| {{ end }}resource.name == "{{ $vm }}"
  {{- end }}
};
{{- end }}
{{- end }}
{{ end }}

{{/* Volumes and mounts of what calls the API: its token, and what TLS needs. */}}
{{- define "mi-gateway.callerVolumes" -}}
{{- $ca := .Values.scheduler.tls.caSecretName | default .Values.tls.secretName -}}
{{- if $ca }}
- name: ca
  secret:
    secretName: {{ $ca | quote }}
    {{- /* Of an authority that everybody knows there often is no certificate in the Secret. */}}
    {{- if not .Values.scheduler.tls.caSecretName }}
    optional: true
    {{- end }}
    defaultMode: 0440
    items:
      - key: ca.crt
        path: ca.crt
{{- end }}
{{- with .Values.scheduler.tls.clientSecretName }}
- name: certificate
  secret:
    secretName: {{ . | quote }}
    defaultMode: 0440
{{- end }}
{{- end }}

{{- define "mi-gateway.callerMounts" -}}
{{- if or .Values.scheduler.tls.caSecretName .Values.tls.secretName }}
- name: ca
  mountPath: /etc/mi-gateway/ca
  readOnly: true
{{- end }}
{{- if .Values.scheduler.tls.clientSecretName }}
- name: certificate
  mountPath: /etc/mi-gateway/certificate
  readOnly: true
{{- end }}
{{- end }}

{{/* Whom curl believes: what is in the Secret, or else those that everybody knows, as where
     the file is empty. */}}
{{- define "mi-gateway.callerTrust" -}}
{{- if or .Values.scheduler.tls.caSecretName .Values.tls.secretName -}}
[ ! -s /etc/mi-gateway/ca/ca.crt ] || export CURL_CA_BUNDLE=/etc/mi-gateway/ca/ca.crt
{{- end -}}
{{- end }}

{{/* What of TLS curl is told, as arguments. */}}
{{- define "mi-gateway.callerTls" -}}
{{- if .Values.scheduler.tls.clientSecretName }} --cert /etc/mi-gateway/certificate/tls.crt --key /etc/mi-gateway/certificate/tls.key{{ end -}}
{{- end }}
