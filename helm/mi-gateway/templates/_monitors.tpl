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
