// mi-gateway on Azure Container Apps: its identity, what that may do to virtual
// machines, an environment with its logs, and the app. The commands stand in
// README.md, and what Microsoft Graph has to grant in graph.bicep.

targetScope = 'resourceGroup'

@description('Name of the app and of its identity; names of what belongs to it begin with it.')
@minLength(2)
@maxLength(32)
param name string = 'mi-gateway'

@description('Where everything is created.')
param location string = resourceGroup().location

@description('Tags of everything that is created.')
param tags object = {}

@description('Image of the gateway, best by digest: registry/repository@sha256:...')
param image string

@description('Login server of a private registry, such as example.azurecr.io; empty: the image is public.')
param registryServer string = ''

@description('Resource id of a user-assigned identity that may pull from registryServer. The gateway itself cannot use it.')
param registryIdentityId string = ''

@description('Resource group of the virtual machines, in this subscription.')
param machinesResourceGroup string = resourceGroup().name

@description('Create the role and assign it at machinesResourceGroup; false: it is granted in another way.')
param grantRole bool = true

@description('Name of the role, of which a tenant takes only one.')
param roleName string = 'mi-gateway VM operator'

@description('MIG_SCOPES, where more than machinesResourceGroup is served; the role is then to be assigned there, too.')
param scopes string = ''

@description('Tenant whose tokens callers come with.')
param authTenantId string = subscription().tenantId

@description('Client id of the application that stands for the gateway, as deploy/azure/callers.md creates it.')
@minLength(1)
param authAudience string

@description('Whether the app is reached from outside of its environment.')
param external bool = false

@description('How callers reach the app, where that is not its own name in the environment: https://name.example')
param publicUrl string = ''

@description('More variables, each { name: ..., value: ... }.')
param extraEnv array = []

@description('Cores of a replica; the memory follows, as the platform takes fixed pairs.')
@allowed([
  '0.25'
  '0.5'
  '1'
  '2'
])
param cpu string = '0.5'

@description('Fewest replicas. Operations are followed by the replica that ordered them, so that none would be too few.')
@minValue(1)
@maxValue(30)
param minReplicas int = 2

@description('Most replicas. MIG_CALLER_CHANGES and MIG_GROUP_CHANGES count in each of them.')
@minValue(1)
@maxValue(30)
param maxReplicas int = 4

@description('Requests at a time to one replica, above which there is another.')
@minValue(1)
param concurrentRequests int = 100

@description('MIG_SHUTDOWN_DELAY, in seconds.')
@minValue(0)
@maxValue(300)
param shutdownDelaySeconds int = 5

@description('MIG_SHUTDOWN_GRACE, in seconds.')
@minValue(0)
@maxValue(300)
param shutdownGraceSeconds int = 20

@description('How many days logs are kept; the record of changes is among them.')
@minValue(30)
@maxValue(730)
param logRetentionDays int = 90

@description('Resource id of a subnet for the environment, delegated to Microsoft.App/environments; empty: a network of the platform.')
param infrastructureSubnetId string = ''

@description('Whether the environment is reached from its virtual network alone; takes a subnet.')
param internalEnvironment bool = false

@description('Whether the environment is spread over zones; takes a subnet, and cannot be changed later.')
param zoneRedundant bool = false

// What the gateway may take beyond these two to end.
var shutdownMarginSeconds = 5

var memoryOf = {
  '0.25': '0.5Gi'
  '0.5': '1Gi'
  '1': '2Gi'
  '2': '4Gi'
}

var machinesScope = '${subscription().id}/resourceGroups/${machinesResourceGroup}'
var servedScopes = empty(scopes) ? machinesScope : scopes
var ownDomain = environment.properties.defaultDomain
var ownHost = external ? '${name}.${ownDomain}' : '${name}.internal.${ownDomain}'
var ownUrl = 'https://${ownHost}'
var hasSubnet = !empty(infrastructureSubnetId)
var hasRegistry = !empty(registryServer)

resource identity 'Microsoft.ManagedIdentity/userAssignedIdentities@2024-11-30' = {
  name: name
  location: location
  tags: tags
}

module role 'role.bicep' = if (grantRole) {
  name: '${name}-role'
  scope: resourceGroup(machinesResourceGroup)
  params: {
    principalId: identity.properties.principalId
    roleName: roleName
  }
}

resource logs 'Microsoft.OperationalInsights/workspaces@2025-02-01' = {
  name: '${name}-logs'
  location: location
  tags: tags
  properties: {
    sku: {
      name: 'PerGB2018'
    }
    retentionInDays: logRetentionDays
  }
}

resource environment 'Microsoft.App/managedEnvironments@2025-01-01' = {
  name: '${name}-environment'
  location: location
  tags: tags
  properties: {
    appLogsConfiguration: {
      destination: 'log-analytics'
      logAnalyticsConfiguration: {
        customerId: logs.properties.customerId
        sharedKey: logs.listKeys().primarySharedKey
      }
    }
    vnetConfiguration: hasSubnet ? {
      infrastructureSubnetId: infrastructureSubnetId
      internal: internalEnvironment
    } : null
    zoneRedundant: hasSubnet && zoneRedundant
    peerTrafficConfiguration: {
      encryption: {
        enabled: true
      }
    }
    workloadProfiles: [
      {
        name: 'Consumption'
        workloadProfileType: 'Consumption'
      }
    ]
  }
}

resource app 'Microsoft.App/containerApps@2025-01-01' = {
  name: name
  location: location
  tags: tags
  identity: {
    type: 'UserAssigned'
    userAssignedIdentities: union({ '${identity.id}': {} }, hasRegistry ? { '${registryIdentityId}': {} } : {})
  }
  properties: {
    environmentId: environment.id
    workloadProfileName: 'Consumption'
    configuration: {
      activeRevisionsMode: 'Single'
      maxInactiveRevisions: 5
      identitySettings: concat([
        {
          identity: identity.id
          lifecycle: 'Main'
        }
      ], hasRegistry ? [
        {
          identity: registryIdentityId
          lifecycle: 'None'
        }
      ] : [])
      registries: hasRegistry ? [
        {
          server: registryServer
          identity: registryIdentityId
        }
      ] : []
      ingress: {
        external: external
        targetPort: 8080
        transport: 'http'
        allowInsecure: false
        traffic: [
          {
            latestRevision: true
            weight: 100
          }
        ]
      }
    }
    template: {
      // Longer than the gateway takes to end, or it is killed amid its record of changes.
      terminationGracePeriodSeconds: shutdownDelaySeconds + shutdownGraceSeconds + shutdownMarginSeconds
      containers: [
        {
          name: 'mi-gateway'
          image: image
          resources: {
            cpu: json(cpu)
            memory: memoryOf[cpu]
          }
          env: concat([
            {
              name: 'AZURE_CLIENT_ID'
              value: identity.properties.clientId
            }
            {
              name: 'MIG_SCOPES'
              value: servedScopes
            }
            {
              name: 'MIG_AUTH'
              value: 'entra'
            }
            {
              name: 'MIG_AUTH_TENANT'
              value: authTenantId
            }
            {
              name: 'MIG_AUTH_AUDIENCE'
              value: authAudience
            }
            {
              name: 'MIG_PUBLIC_URL'
              value: empty(publicUrl) ? ownUrl : publicUrl
            }
            {
              name: 'MIG_SHUTDOWN_DELAY'
              value: '${shutdownDelaySeconds}s'
            }
            {
              name: 'MIG_SHUTDOWN_GRACE'
              value: '${shutdownGraceSeconds}s'
            }
          ], extraEnv)
          // A list, by type: Kubernetes' own keys are not known here. All on the
          // admin port, which no ingress leads to.
          probes: [
            {
              type: 'Startup'
              httpGet: {
                path: '/livez'
                port: 9090
              }
              periodSeconds: 1
              failureThreshold: 10
            }
            {
              type: 'Liveness'
              httpGet: {
                path: '/livez'
                port: 9090
              }
              periodSeconds: 10
              timeoutSeconds: 5
              failureThreshold: 3
            }
            {
              type: 'Readiness'
              httpGet: {
                path: '/readyz'
                port: 9090
              }
              periodSeconds: 5
              timeoutSeconds: 5
              failureThreshold: 3
            }
          ]
        }
      ]
      scale: {
        minReplicas: minReplicas
        maxReplicas: maxReplicas
        rules: [
          {
            name: 'requests'
            http: {
              metadata: {
                concurrentRequests: '${concurrentRequests}'
              }
            }
          }
          {
            name: 'load'
            custom: {
              type: 'cpu'
              metadata: {
                type: 'Utilization'
                value: '75'
              }
            }
          }
        ]
      }
    }
  }
}

@description('The app\'s name in DNS.')
output fqdn string = app.properties.configuration.ingress.fqdn

@description('Object id of the identity\'s service principal: for role assignments and for graph.bicep.')
output principalId string = identity.properties.principalId

@description('Client id of the identity, which AZURE_CLIENT_ID is set to.')
output clientId string = identity.properties.clientId
