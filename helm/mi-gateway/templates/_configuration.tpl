{{/* What the program is told, and what follows from it. */}}

{{/* The folders that the chart mounts. */}}
{{- define "mi-gateway.policyFolder" -}}/etc/mi-gateway/policies{{- end }}
{{- define "mi-gateway.tlsFolder" -}}/etc/mi-gateway/tls{{- end }}
{{- define "mi-gateway.assertionFolder" -}}/var/run/secrets/mi-gateway/identity{{- end }}

{{/* Every variable of `config`, by the one rule: config.shutdownGrace is MIG_SHUTDOWN_GRACE.
     Those that name what the chart mounts come beside them. */}}
{{- define "mi-gateway.variables" -}}
{{- $variables := dict -}}
{{- if and (ne .Values.identity.type "host") (not .Values.config.identitySource) -}}
{{- $_ := set $variables "MIG_IDENTITY_SOURCE" "workload" -}}
{{- end -}}
{{- if or (include "mi-gateway.policyFiles" .) .Values.policies.existingConfigMap -}}
{{- $_ := set $variables "MIG_POLICY_FILE" (include "mi-gateway.policyFolder" .) -}}
{{- end -}}
{{- if .Values.tls.secretName -}}
{{- $folder := include "mi-gateway.tlsFolder" . -}}
{{- $_ := set $variables "MIG_TLS_CERTIFICATE_FILE" (printf "%s/tls.crt" $folder) -}}
{{- $_ := set $variables "MIG_TLS_KEY_FILE" (printf "%s/tls.key" $folder) -}}
{{- if .Values.tls.clientCa -}}
{{- $_ := set $variables "MIG_TLS_CLIENT_CA_FILE" (printf "%s/ca.crt" $folder) -}}
{{- end -}}
{{- end -}}
{{- range $name, $value := .Values.config -}}
{{- $text := include "mi-gateway.text" $value -}}
{{- if ne $text "" -}}
{{- $_ := set $variables (printf "MIG_%s" ($name | snakecase | upper)) $text -}}
{{- end -}}
{{- end -}}
{{- toYaml $variables }}
{{- end }}

{{/* What the webhook reads of the service account: at the start of a pod, and never again. */}}
{{- define "mi-gateway.identityAnnotations" -}}
{{- if and (eq .Values.identity.type "workload") .Values.serviceAccount.create -}}
azure.workload.identity/client-id: {{ .Values.identity.clientId | quote }}
{{- with .Values.identity.tenantId }}
azure.workload.identity/tenant-id: {{ . | quote }}
{{- end }}
azure.workload.identity/service-account-token-expiration: {{ include "mi-gateway.text" .Values.identity.tokenExpirationSeconds | quote }}
{{- end -}}
{{- end }}

{{/* Variables of the managed identity, of the container itself and not by the ConfigMap:
     the webhook leaves alone what a container has. */}}
{{- define "mi-gateway.identityVariables" -}}
{{- $identity := .Values.identity -}}
{{- $variables := list -}}
{{- if or (ne $identity.type "workload") (not .Values.serviceAccount.create) -}}
{{- with $identity.clientId }}{{ $variables = append $variables (dict "name" "AZURE_CLIENT_ID" "value" .) }}{{ end -}}
{{- with $identity.tenantId }}{{ $variables = append $variables (dict "name" "AZURE_TENANT_ID" "value" .) }}{{ end -}}
{{- end -}}
{{- with $identity.authorityHost }}{{ $variables = append $variables (dict "name" "AZURE_AUTHORITY_HOST" "value" .) }}{{ end -}}
{{- $file := $identity.federatedTokenFile -}}
{{- if eq $identity.type "projected" }}{{ $file = printf "%s/token" (include "mi-gateway.assertionFolder" .) }}{{ end -}}
{{- with $file }}{{ $variables = append $variables (dict "name" "AZURE_FEDERATED_TOKEN_FILE" "value" .) }}{{ end -}}
{{- if $variables }}{{ toYaml $variables }}{{ end -}}
{{- end }}

{{/* The ways in which callers prove who they are, as a list in JSON. */}}
{{- define "mi-gateway.methods" -}}
{{- $methods := list -}}
{{- range splitList "," (include "mi-gateway.text" .Values.config.auth) -}}
{{- with trim . }}{{ $methods = append $methods . }}{{ end -}}
{{- end -}}
{{- toJson $methods -}}
{{- end }}

{{- define "mi-gateway.reviewsTokens" -}}
{{- if has "kubernetes" (include "mi-gateway.methods" . | fromJsonArray) }}true{{ end -}}
{{- end }}

{{/* Whether the chart projects a token for the API server: only where it is needed, and
     neither the cluster nor whoever names another file provides it. */}}
{{- define "mi-gateway.projectsToken" -}}
{{- if and (include "mi-gateway.reviewsTokens" .) (not .Values.serviceAccount.automount) (not .Values.config.kubernetesTokenFile) }}true{{ end -}}
{{- end }}

{{/* The issuers that tokens may be of, as a list in JSON of what stands before the last `=`. */}}
{{- define "mi-gateway.issuers" -}}
{{- $issuers := list -}}
{{- range splitList " " (include "mi-gateway.text" .Values.config.authIssuers | replace "," " ") -}}
{{- with trim . }}{{ $issuers = append $issuers . }}{{ end -}}
{{- end -}}
{{- toJson $issuers -}}
{{- end }}

{{/* Ports, of the addresses that are listened on. */}}
{{- define "mi-gateway.apiPort" -}}
{{- .Values.config.listen | default ":8080" | splitList ":" | last -}}
{{- end }}
{{- define "mi-gateway.adminPort" -}}
{{- .Values.config.adminListen | default ":9090" | splitList ":" | last -}}
{{- end }}
{{- define "mi-gateway.hasTls" -}}
{{- if or .Values.tls.secretName .Values.config.tlsCertificateFile }}true{{ end -}}
{{- end }}
{{- define "mi-gateway.servicePort" -}}
{{- $default := ternary 443 80 (eq (include "mi-gateway.hasTls" .) "true") -}}
{{- include "mi-gateway.text" .Values.service.port | default ($default | toString) -}}
{{- end }}
{{- define "mi-gateway.scheme" -}}
{{- ternary "https" "http" (eq (include "mi-gateway.hasTls" .) "true") -}}
{{- end }}

{{/* Milliseconds of a time such as 500ms, 10s, 2m or 10; nothing where it is none. */}}
{{- define "mi-gateway.milliseconds" -}}
{{- $text := include "mi-gateway.text" . -}}
{{- if regexMatch "^[0-9]+(ms|s|m)?$" $text -}}
{{- $number := regexFind "^[0-9]+" $text | int64 -}}
{{- $unit := regexFind "[a-z]+$" $text -}}
{{- if eq $unit "ms" }}{{ $number }}{{ else if eq $unit "m" }}{{ mul $number 60000 }}{{ else }}{{ mul $number 1000 }}{{ end -}}
{{- end -}}
{{- end }}

{{/* The policies of the ConfigMap, by file; nothing where there is none to be rendered. */}}
{{- define "mi-gateway.policyFiles" -}}
{{- $own := and (not .Values.policies.existingConfigMap) (not .Values.config.policyFile) -}}
{{- $files := dict -}}
{{- if $own -}}
{{- $files = deepCopy .Values.policies.files -}}
{{- if and .Values.schedules .Values.policies.schedules -}}
{{- if not $files }}{{ $_ := set $files "default.cedar" (.Files.Get "policies/default.cedar") }}{{ end -}}
{{- $_ := set $files "schedules.cedar" (include "mi-gateway.schedulePolicies" .) -}}
{{- end -}}
{{- end -}}
{{- if $files }}{{ toYaml $files }}{{ end -}}
{{- end }}

{{/* The root of Microsoft Graph in the cloud, as the program has it. */}}
{{- define "mi-gateway.graph" -}}
{{- $others := dict "usgov" "https://graph.microsoft.us" "usdod" "https://dod-graph.microsoft.us" "china" "https://microsoftgraph.chinacloudapi.cn" -}}
{{- get $others .Values.config.cloud | default "https://graph.microsoft.com" -}}
{{- end }}
