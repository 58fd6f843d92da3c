{{/* Names, labels, and values as text. */}}

{{- define "mi-gateway.name" -}}
{{- .Values.nameOverride | default .Chart.Name | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "mi-gateway.fullname" -}}
{{- $name := .Values.nameOverride | default .Chart.Name -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- else if contains $name .Release.Name -}}
{{- .Release.Name | trunc 63 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name $name | trunc 63 | trimSuffix "-" -}}
{{- end -}}
{{- end }}

{{/* The name of something of the release: dict "root" $ "suffix" "metrics". What is cut
     off is the release's name, never the suffix. */}}
{{- define "mi-gateway.suffixed" -}}
{{- $room := sub 62 (len .suffix) | int -}}
{{- printf "%s-%s" (include "mi-gateway.fullname" .root | trunc $room | trimSuffix "-") .suffix -}}
{{- end }}

{{- define "mi-gateway.selectorLabels" -}}
app.kubernetes.io/name: {{ include "mi-gateway.name" . | quote }}
app.kubernetes.io/instance: {{ .Release.Name | quote }}
app.kubernetes.io/component: gateway
{{- end }}

{{/* Labels of every object: dict "root" $ "component" "gateway" "more" .Values.x */}}
{{- define "mi-gateway.labels" -}}
{{- $own := dict
    "helm.sh/chart" (printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-")
    "app.kubernetes.io/name" (include "mi-gateway.name" .root)
    "app.kubernetes.io/instance" .root.Release.Name
    "app.kubernetes.io/component" .component
    "app.kubernetes.io/version" .root.Chart.AppVersion
    "app.kubernetes.io/part-of" "mi-gateway"
    "app.kubernetes.io/managed-by" .root.Release.Service -}}
{{- toYaml (merge $own (deepCopy (.more | default dict)) .root.Values.commonLabels) }}
{{- end }}

{{/* Metadata of an object: dict "root" $ "name" n "component" c, and, if wanted, "labels",
     "annotations", "namespace" and "clusterScoped". */}}
{{- define "mi-gateway.metadata" -}}
name: {{ .name | quote }}
{{- if not .clusterScoped }}
namespace: {{ .namespace | default .root.Release.Namespace | quote }}
{{- end }}
labels:
  {{- include "mi-gateway.labels" (dict "root" .root "component" .component "more" .labels) | nindent 2 }}
{{- with merge (deepCopy (.annotations | default dict)) .root.Values.commonAnnotations }}
annotations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "mi-gateway.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "mi-gateway.fullname" .) -}}
{{- else -}}
{{- .Values.serviceAccount.name | default "default" -}}
{{- end -}}
{{- end }}

{{/* An image: its digest counts in place of its tag. dict "image" .Values.image "tag" default */}}
{{- define "mi-gateway.image" -}}
{{- if .image.digest -}}
{{- printf "%s@%s" .image.repository .image.digest -}}
{{- else -}}
{{- printf "%s:%s" .image.repository (.image.tag | toString | default .tag) -}}
{{- end -}}
{{- end }}

{{/* A value as the text of a variable. Numbers from a file are floating: 16777216 would
     otherwise become 1.6777216e+07. */}}
{{- define "mi-gateway.text" -}}
{{- if kindIs "slice" . -}}
{{- $words := list -}}
{{- range . }}{{ $words = append $words (include "mi-gateway.text" .) }}{{ end -}}
{{- join "," $words -}}
{{- else if kindIs "bool" . -}}
{{- ternary "on" "off" . -}}
{{- else if kindIs "float64" . -}}
{{- int64 . -}}
{{- else -}}
{{- . -}}
{{- end -}}
{{- end }}
