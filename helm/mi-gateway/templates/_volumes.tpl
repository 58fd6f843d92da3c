{{/* What is mounted into the gateway, and where. */}}

{{- define "mi-gateway.mounts" -}}
{{- if or (include "mi-gateway.policyFiles" .) .Values.policies.existingConfigMap }}
- name: policies
  mountPath: {{ include "mi-gateway.policyFolder" . }}
  readOnly: true
{{- end }}
{{- if .Values.tls.secretName }}
- name: tls
  mountPath: {{ include "mi-gateway.tlsFolder" . }}
  readOnly: true
{{- end }}
{{- if include "mi-gateway.projectsToken" . }}
- name: api-server
  mountPath: /var/run/secrets/kubernetes.io/serviceaccount
  readOnly: true
{{- end }}
{{- if eq .Values.identity.type "projected" }}
- name: identity
  mountPath: {{ include "mi-gateway.assertionFolder" . }}
  readOnly: true
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{/* Folders and not single files are mounted: a file by subPath would stay as it was. */}}
{{- define "mi-gateway.volumes" -}}
{{- if or (include "mi-gateway.policyFiles" .) .Values.policies.existingConfigMap }}
- name: policies
  configMap:
    name: {{ .Values.policies.existingConfigMap | default (include "mi-gateway.suffixed" (dict "root" $ "suffix" "policies")) | quote }}
{{- end }}
{{- with .Values.tls.secretName }}
- name: tls
  secret:
    secretName: {{ . | quote }}
    defaultMode: 0440
{{- end }}
{{- if include "mi-gateway.projectsToken" . }}
- name: api-server
  projected:
    defaultMode: 0440
    sources:
      - serviceAccountToken:
          path: token
          expirationSeconds: 3600
      - configMap:
          name: kube-root-ca.crt
          items:
            - key: ca.crt
              path: ca.crt
{{- end }}
{{- if eq .Values.identity.type "projected" }}
- name: identity
  projected:
    defaultMode: 0440
    sources:
      - serviceAccountToken:
          path: token
          audience: {{ .Values.identity.tokenAudience | quote }}
          expirationSeconds: {{ .Values.identity.tokenExpirationSeconds }}
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}
