{{/* What the schema cannot see: values that contradict each other or that nobody can do
     without. All of them are told at once, as the program tells faults of its variables. */}}

{{- define "mi-gateway.guards" -}}
{{- $faults := concat
    (include "mi-gateway.callerFaults" . | fromJsonArray)
    (include "mi-gateway.identityFaults" . | fromJsonArray)
    (include "mi-gateway.mountFaults" . | fromJsonArray)
    (include "mi-gateway.scalingFaults" . | fromJsonArray)
    (include "mi-gateway.networkFaults" . | fromJsonArray)
    (include "mi-gateway.scheduleFaults" . | fromJsonArray)
    (include "mi-gateway.shutdownFaults" . | fromJsonArray) -}}
{{- if $faults -}}
{{- fail (printf "\nthe values are not usable\n  %s" (join "\n  " $faults)) -}}
{{- end -}}
{{- end }}

{{- define "mi-gateway.callerFaults" -}}
{{- $faults := list -}}
{{- $config := .Values.config -}}
{{- $methods := include "mi-gateway.methods" . | fromJsonArray -}}
{{- if not $methods -}}
{{- $faults = append $faults "config.auth is required: how callers prove who they are, one or more of entra, oidc and kubernetes" -}}
{{- else if has "none" $methods -}}
{{- $faults = append $faults "config.auth is none, with which the API is for the pod alone and no Service reaches it: set one or more of entra, oidc and kubernetes" -}}
{{- end -}}
{{- range $method, $needs := dict "entra" "authAudience" "oidc" "authIssuers" "kubernetes" "authKubernetesAudience" -}}
{{- $given := ne (include "mi-gateway.text" (get $config $needs)) "" -}}
{{- if and (has $method $methods) (not $given) -}}
{{- $faults = append $faults (printf "config.%s is required with %s in config.auth: whom tokens are for" $needs $method) -}}
{{- else if and $given (not (has $method $methods)) -}}
{{- $faults = append $faults (printf "config.%s is set, and config.auth does not have %s: add it, or unset config.%s" $needs $method $needs) -}}
{{- end -}}
{{- end -}}
{{- if and $config.authTenant (not (has "entra" $methods)) -}}
{{- $faults = append $faults "config.authTenant is set, and config.auth does not have entra: add it, or unset config.authTenant" -}}
{{- end -}}
{{- if and (has "entra" $methods) (not $config.authTenant) (not .Values.identity.tenantId) (ne .Values.identity.type "workload") -}}
{{- $faults = append $faults "config.authTenant is required with entra in config.auth, unless identity.tenantId or workload identity tells the tenant" -}}
{{- end -}}
{{- if and (eq (include "mi-gateway.text" $config.scopes) "") (ne .Values.identity.type "host") -}}
{{- $faults = append $faults "config.scopes is required: the subscriptions and resource groups whose virtual machines are served; only on the host's own identity is there one by itself" -}}
{{- end -}}
{{- toJson $faults -}}
{{- end }}

{{- define "mi-gateway.identityFaults" -}}
{{- $faults := list -}}
{{- $identity := .Values.identity -}}
{{- $config := .Values.config -}}
{{- if and (eq $identity.type "workload") .Values.serviceAccount.create (not $identity.clientId) -}}
{{- $faults = append $faults "identity.clientId is required: the client id of the managed identity, as `az identity show --query clientId` tells it" -}}
{{- end -}}
{{- if eq $identity.type "projected" -}}
{{- range list "clientId" "tenantId" -}}
{{- if not (get $identity .) }}{{ $faults = append $faults (printf "identity.%s is required with identity.type projected: there is no webhook that tells it" .) }}{{ end -}}
{{- end -}}
{{- end -}}
{{- if ne $identity.type "host" -}}
{{- if $identity.federatedTokenFile -}}
{{- $faults = append $faults (printf "identity.federatedTokenFile is set, and with identity.type %s the cluster says where the assertion is: unset it, or set identity.type to host" $identity.type) -}}
{{- end -}}
{{- if and $config.identitySource (ne $config.identitySource "workload") -}}
{{- $faults = append $faults (printf "config.identitySource is %s, and identity.type is %s, whose tokens are those of workload: set identity.type to host, or unset config.identitySource" $config.identitySource $identity.type) -}}
{{- end -}}
{{- range list "identityObjectId" "identityResourceId" -}}
{{- if get $config . }}{{ $faults = append $faults (printf "config.%s is set, and workload identity takes a client id alone: set identity.clientId instead" .) }}{{ end -}}
{{- end -}}
{{- else -}}
{{- $named := list -}}
{{- if $identity.clientId }}{{ $named = append $named "identity.clientId" }}{{ end -}}
{{- if $config.identityObjectId }}{{ $named = append $named "config.identityObjectId" }}{{ end -}}
{{- if $config.identityResourceId }}{{ $named = append $named "config.identityResourceId" }}{{ end -}}
{{- if gt (len $named) 1 }}{{ $faults = append $faults (printf "%s name one identity in several ways: set one of them" (join ", " $named)) }}{{ end -}}
{{- end -}}
{{- toJson $faults -}}
{{- end }}

{{- define "mi-gateway.mountFaults" -}}
{{- $faults := list -}}
{{- $config := .Values.config -}}
{{- if and .Values.policies.files .Values.policies.existingConfigMap -}}
{{- $faults = append $faults "policies.files and policies.existingConfigMap are both set: the policies are in one of them" -}}
{{- end -}}
{{- if and $config.policyFile (or .Values.policies.files .Values.policies.existingConfigMap) -}}
{{- $faults = append $faults "config.policyFile is set, and policies says where the policies are: set one of them" -}}
{{- end -}}
{{- if and .Values.tls.secretName (or $config.tlsCertificateFile $config.tlsKeyFile $config.tlsClientCaFile) -}}
{{- $faults = append $faults "tls.secretName is set, and config.tls… names other files: set one of them" -}}
{{- end -}}
{{- if and .Values.tls.clientCa (not .Values.tls.secretName) -}}
{{- $faults = append $faults "tls.clientCa is on without tls.secretName, whose ca.crt says who signs certificates of callers" -}}
{{- end -}}
{{- if and .Values.tls.clientCa (not .Values.scheduler.tls.clientSecretName) (or .Values.schedules .Values.tests.enabled) -}}
{{- $faults = append $faults "scheduler.tls.clientSecretName is required: tls.clientCa asks callers for a certificate, and schedules and helm test are callers; without schedules, turn tests.enabled off instead, if you like" -}}
{{- end -}}
{{- toJson $faults -}}
{{- end }}

{{- define "mi-gateway.scalingFaults" -}}
{{- $faults := list -}}
{{- $own := .Values.autoscaling -}}
{{- $keda := .Values.keda -}}
{{- if and $own.enabled $keda.enabled -}}
{{- $faults = append $faults "autoscaling.enabled and keda.enabled are both on, and both would count the replicas: leave one of them" -}}
{{- end -}}
{{- if and $own.enabled (lt (int $own.maxReplicas) (int $own.minReplicas)) -}}
{{- $faults = append $faults "autoscaling.maxReplicas is less than autoscaling.minReplicas" -}}
{{- end -}}
{{- if and $own.enabled (not (or $own.targetCPUUtilizationPercentage $own.targetMemoryUtilizationPercentage $own.metrics)) -}}
{{- $faults = append $faults "autoscaling.enabled is on, and nothing says by what: set a target, or autoscaling.metrics" -}}
{{- end -}}
{{- if and $keda.enabled (not $keda.triggers) -}}
{{- $faults = append $faults "keda.enabled is on, and keda.triggers is empty: nothing says by what" -}}
{{- end -}}
{{- if and $keda.enabled (lt (int $keda.maxReplicas) (int $keda.minReplicas)) -}}
{{- $faults = append $faults "keda.maxReplicas is less than keda.minReplicas" -}}
{{- end -}}
{{- if and .Values.verticalPodAutoscaler.enabled $own.enabled (ne .Values.verticalPodAutoscaler.updateMode "Off") -}}
{{- $faults = append $faults "verticalPodAutoscaler changes the resources by which autoscaling counts: set verticalPodAutoscaler.updateMode to Off, or leave one of them" -}}
{{- end -}}
{{- $budget := .Values.podDisruptionBudget -}}
{{- $least := include "mi-gateway.text" $budget.minAvailable -}}
{{- $most := include "mi-gateway.text" $budget.maxUnavailable -}}
{{- if and $budget.enabled (ne $least "") (ne $most "") -}}
{{- $faults = append $faults "podDisruptionBudget.minAvailable and podDisruptionBudget.maxUnavailable are both set: one of them has to be empty" -}}
{{- else if and $budget.enabled (eq $least "") (eq $most "") -}}
{{- $faults = append $faults "podDisruptionBudget.enabled is on, and neither podDisruptionBudget.minAvailable nor podDisruptionBudget.maxUnavailable is set" -}}
{{- end -}}
{{- toJson $faults -}}
{{- end }}

{{- define "mi-gateway.networkFaults" -}}
{{- $faults := list -}}
{{- $config := .Values.config -}}
{{- range list "listen" "adminListen" -}}
{{- if regexMatch "^(127\\.|\\[::1\\])" (get $config .) -}}
{{- $faults = append $faults (printf "config.%s is a loopback address, which neither a Service nor a probe reaches: use 0.0.0.0 or [::]" .) -}}
{{- end -}}
{{- end -}}
{{- if eq (include "mi-gateway.apiPort" .) (include "mi-gateway.adminPort" .) -}}
{{- $faults = append $faults "config.listen and config.adminListen have the same port" -}}
{{- end -}}
{{- $service := .Values.service -}}
{{- if or (has "IPv6" $service.ipFamilies) (has $service.ipFamilyPolicy (list "PreferDualStack" "RequireDualStack")) -}}
{{- range $name, $example := dict "listen" "[::]:8080" "adminListen" "[::]:9090" -}}
{{- if not (hasPrefix "[" (get $config $name)) -}}
{{- $faults = append $faults (printf "config.%s has to be an IPv6 address where the Service may have one: set it to %s, which takes IPv4 as well" $name $example) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if and .Values.ingress.enabled .Values.httpRoute.enabled -}}
{{- $faults = append $faults "ingress.enabled and httpRoute.enabled are both on: leave one of them" -}}
{{- end -}}
{{- if and .Values.httpRoute.enabled (not .Values.httpRoute.parentRefs) -}}
{{- $faults = append $faults "httpRoute.parentRefs is required: the Gateway that the route is attached to" -}}
{{- end -}}
{{- if and .Values.metrics.serviceMonitor.enabled .Values.metrics.podMonitor.enabled -}}
{{- $faults = append $faults "metrics.serviceMonitor.enabled and metrics.podMonitor.enabled are both on, and everything would be counted twice: leave one of them" -}}
{{- end -}}
{{- if and .Values.metrics.serviceMonitor.enabled (not .Values.metrics.service.enabled) -}}
{{- $faults = append $faults "metrics.serviceMonitor.enabled needs metrics.service.enabled: there is no Service to be monitored" -}}
{{- end -}}
{{- toJson $faults -}}
{{- end }}

{{- define "mi-gateway.scheduleFaults" -}}
{{- $faults := list -}}
{{- if .Values.schedules -}}
{{- $methods := include "mi-gateway.methods" . | fromJsonArray -}}
{{- $isOfCluster := or (has "kubernetes" $methods) (and (has "oidc" $methods) (eq (len (include "mi-gateway.issuers" . | fromJsonArray)) 1)) -}}
{{- if not $isOfCluster -}}
{{- $faults = append $faults "schedules prove who they are by tokens of the cluster: add kubernetes to config.auth, or oidc with the cluster as the only issuer" -}}
{{- end -}}
{{- if and .Values.policies.schedules (hasKey .Values.policies.files "schedules.cedar") -}}
{{- $faults = append $faults "policies.files has a schedules.cedar, which the chart writes: call it otherwise, or turn policies.schedules off" -}}
{{- end -}}
{{- $isWritten := hasKey (include "mi-gateway.policyFiles" . | fromYaml) "schedules.cedar" -}}
{{- $names := list -}}
{{- range .Values.schedules -}}
{{- $name := printf "%s-%s" (include "mi-gateway.fullname" $) .name -}}
{{- if gt (len $name) 52 }}{{ $faults = append $faults (printf "the CronJob %s has a name of more than 52 characters: shorten that of the schedule or of the release" $name) }}{{ end -}}
{{- if has .name $names }}{{ $faults = append $faults (printf "there are two schedules called %s" .name) }}{{ end -}}
{{- $names = append $names .name -}}
{{- if and $isWritten .resourceGroup (not .subscriptionId) -}}
{{- $faults = append $faults (printf "the schedule %s has a resourceGroup without a subscriptionId, and no policy can name a group without one: set it, or turn policies.schedules off" .name) -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- toJson $faults -}}
{{- end }}

{{/* The least grace of a pod, as a sum that can be read: "5s + 20s + 5s". */}}
{{- define "mi-gateway.shutdownSum" -}}
{{- $delay := include "mi-gateway.text" .Values.config.shutdownDelay | default "5s" -}}
{{- $grace := include "mi-gateway.text" .Values.config.shutdownGrace | default "20s" -}}
{{- printf "%s + %s + 5s" $delay $grace -}}
{{- end }}

{{- define "mi-gateway.shutdownFaults" -}}
{{- $faults := list -}}
{{- $delay := include "mi-gateway.milliseconds" (include "mi-gateway.text" .Values.config.shutdownDelay | default "5s") | int64 -}}
{{- $grace := include "mi-gateway.milliseconds" (include "mi-gateway.text" .Values.config.shutdownGrace | default "20s") | int64 -}}
{{- $least := add $delay $grace 5000 -}}
{{- if lt (mul (int64 .Values.terminationGracePeriodSeconds) 1000) $least -}}
{{- $faults = append $faults (printf "terminationGracePeriodSeconds is %v, and shutting down takes up to %s (config.shutdownDelay + config.shutdownGrace + the last lines of the record of changes and of the log): set it to %v or more" .Values.terminationGracePeriodSeconds (include "mi-gateway.shutdownSum" .) (div (add $least 999) 1000)) -}}
{{- end -}}
{{- toJson $faults -}}
{{- end }}
