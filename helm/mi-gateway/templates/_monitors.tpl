{{/* What ServiceMonitor and PodMonitor have in common: how metrics are read. */}}
{{- define "mi-gateway.scrape" -}}
port: metrics
path: /metrics
scheme: http
interval: {{ .interval }}
{{- with .scrapeTimeout }}
scrapeTimeout: {{ . }}
{{- end }}
honorLabels: {{ .honorLabels }}
{{- with .relabelings }}
relabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .metricRelabelings }}
metricRelabelings:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{/* What a monitor has to say for Azure's agent, which drops metrics whose labels are more or
     longer than its pipeline takes (Azure/prometheus-collector, customresources). */}}
{{- define "mi-gateway.labelLimits" -}}
{{- if hasPrefix "azmonitoring." .Values.metrics.monitorApiVersion -}}
labelLimit: 63
labelNameLengthLimit: 511
labelValueLengthLimit: 1023
{{- end -}}
{{- end }}

{{/* A file of alerts or dashboards, whose links lead to where the documents are read:
     dict "root" $ "path" p. The text is replaced, as it is no template. */}}
{{- define "mi-gateway.linked" -}}
{{- $text := .root.Files.Get .path -}}
{{- with .root.Values.metrics.docsUrl -}}
{{- $text = replace "https://example.com/mi-gateway/docs" (trimSuffix "/" .) $text -}}
{{- end -}}
{{- $text -}}
{{- end }}
