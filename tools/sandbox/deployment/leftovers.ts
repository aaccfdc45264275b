/** Every kind of thing that costs money or would be in the way of a second deployment, and how its names are found. */
const jsonQuestions: readonly (readonly [service: string, target: string, names: RegExp, body?: object])[] = [
  ['dynamodb', 'DynamoDB_20120810.ListTables', /"(?!TableNames)([\w.-]+)"/g],
  [
    'ecs',
    'AmazonEC2ContainerServiceV20141113.DescribeClusters',
    /"clusterName": ?"([^"]+)"[^{}]*"status": ?"ACTIVE"/g,
    { clusters: ['movies-api-dev'] },
  ],
  ['ecs', 'AmazonEC2ContainerServiceV20141113.ListTaskDefinitions', /"(arn:[^"]+)"/g, { status: 'ACTIVE' }],
  ['logs', 'Logs_20140328.DescribeLogGroups', /"logGroupName": ?"([^"]+)"/g],
  ['logs', 'Logs_20140328.DescribeQueryDefinitions', /"name": ?"([^"]+)"/g],
  ['kms', 'TrentService.ListAliases', /"AliasName": ?"(alias\/(?!aws\/)[^"]+)"/g],
  ['secretsmanager', 'secretsmanager.ListSecrets', /"Name": ?"([^"]+)"/g],
  [
    'cognito-idp',
    'AWSCognitoIdentityProviderService.ListUserPools',
    /"Name": ?"([^"]+)"/g,
    { MaxResults: 10 },
  ],
  ['wafv2', 'AWSWAF_20190729.ListWebACLs', /"Name": ?"([^"]+)"/g, { Scope: 'REGIONAL' }],
  ['ecr', 'AmazonEC2ContainerRegistry_V20150921.DescribeRepositories', /"repositoryName": ?"([^"]+)"/g],
];
const formQuestions: readonly (readonly [service: string, version: string, action: string, names: RegExp])[] =
  [
    ['elasticloadbalancing', '2015-12-01', 'DescribeLoadBalancers', /<LoadBalancerName>([^<]+)</g],
    ['elasticloadbalancing', '2015-12-01', 'DescribeTargetGroups', /<TargetGroupName>([^<]+)</g],
    ['monitoring', '2010-08-01', 'DescribeAlarms', /<AlarmName>([^<]+)</g],
    ['monitoring', '2010-08-01', 'ListDashboards', /<DashboardName>([^<]+)</g],
    ['sns', '2010-03-31', 'ListTopics', /<TopicArn>([^<]+)</g],
    ['iam', '2010-05-08', 'ListRoles', /<RoleName>(?!AWSServiceRole)([^<]+)</g],
    ['iam', '2010-05-08', 'ListPolicies&Scope=Local', /<PolicyName>([^<]+)</g],
    ['iam', '2010-05-08', 'ListOpenIDConnectProviders', /<Arn>([^<]+)</g],
    // The default VPC of a region, 172.31.0.0/16, belongs to nobody.
    ['ec2', '2016-11-15', 'DescribeVpcs', /<cidrBlock>(?!172\.31\.)([^<]+)</g],
    [
      'ec2',
      '2016-11-15',
      'DescribeNatGateways&Filter.1.Name=state&Filter.1.Value.1=available',
      /<natGatewayId>([^<]+)</g,
    ],
    ['ec2', '2016-11-15', 'DescribeAddresses', /<allocationId>([^<]+)</g],
    [
      'ec2',
      '2016-11-15',
      'DescribeVpcEndpoints',
      // Deleted ones stay listed for a while.
      /<vpcEndpointId>([^<]+)<(?:(?!<vpcEndpointId>)[\s\S])*?<state>available</g,
    ],
  ];

/** What an emulated account still holds, as `service name`; empty when all is gone. */
export async function listLeftovers(url: string, region = 'eu-west-1'): Promise<readonly string[]> {
  const ask = async (service: string, names: RegExp, init: RequestInit): Promise<readonly string[]> => {
    const scope = `Credential=test/20260101/${region}/${service}/aws4_request`;
    const authorization = `AWS4-HMAC-SHA256 ${scope}, SignedHeaders=host, Signature=none`;
    const headers = new Headers(init.headers);
    headers.set('authorization', authorization);
    const response = await fetch(url, { ...init, headers });
    const answer = await response.text();
    if (!response.ok) throw new Error(`${service} answered ${response.status}: ${answer}`);
    return [...answer.matchAll(names)].map(([, name = '']) => `${service} ${name}`);
  };
  const found = await Promise.all([
    ask('s3', /<Name>([^<]+)<\/Name>/g, { method: 'GET' }),
    ...jsonQuestions.map(([service, target, names, body = {}]) => {
      const headers = { 'x-amz-target': target, 'content-type': 'application/x-amz-json-1.1' };
      return ask(service, names, { method: 'POST', headers, body: JSON.stringify(body) });
    }),
    ...formQuestions.map(([service, version, action, names]) => {
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      return ask(service, names, { method: 'POST', headers, body: `Action=${action}&Version=${version}` });
    }),
  ]);
  return found.flat();
}
