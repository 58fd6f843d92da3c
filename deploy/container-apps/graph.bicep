// Lets the identity list users: the application permission User.Read.All of Microsoft
// Graph. Apart from main.bicep, as it takes an extension of Bicep and a Privileged Role
// Administrator.

extension 'br:mcr.microsoft.com/bicep/extensions/microsoftgraph/v1.0:1.0.0'

targetScope = 'resourceGroup'

@description('Object id of the service principal of the identity: principalId of main.bicep.')
param principalId string

resource graph 'Microsoft.Graph/servicePrincipals@v1.0' existing = {
  appId: '00000003-0000-0000-c000-000000000000'
}

resource userReadAll 'Microsoft.Graph/appRoleAssignedTo@v1.0' = {
  principalId: principalId
  resourceId: graph.id
  appRoleId: 'df021288-bdef-4463-88db-98f22de89214'
}
