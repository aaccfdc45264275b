/** A question to the emulator whose answer names what exists. */
interface Question {
  readonly service: string;
  /** `X-Amz-Target` of a JSON service, `Action=…&Version=…` of a query service, or a path. */
  readonly target?: string;
  readonly form?: string;
  readonly path?: string;
  readonly body?: string;
  /** Finds names in the answer; its first group is the name. */
  readonly names: RegExp;
}

/** Every kind of thing that costs money or would be in the way of a second deployment. */
const questions: readonly Question[] = [
  { service: 's3', path: '/', names: /<Name>([^<]+)<\/Name>/g },
  { service: 'dynamodb', target: 'DynamoDB_20120810.ListTables', names: /"(?!TableNames)([\w.-]+)"/g },
  {
    service: 'ecs',
    target: 'AmazonEC2ContainerServiceV20141113.DescribeClusters',
    body: '{"clusters":["movies-api-dev"]}',
    names: /"clusterName": ?"([^"]+)"[^{}]*"status": ?"ACTIVE"/g,
  },
  {
    service: 'ecs',
    target: 'AmazonEC2ContainerServiceV20141113.ListTaskDefinitions',
    body: '{"status":"ACTIVE"}',
    names: /"(arn:[^"]+)"/g,
  },
  { service: 'logs', target: 'Logs_20140328.DescribeLogGroups', names: /"logGroupName": ?"([^"]+)"/g },
  { service: 'logs', target: 'Logs_20140328.DescribeQueryDefinitions', names: /"name": ?"([^"]+)"/g },
  { service: 'kms', target: 'TrentService.ListAliases', names: /"AliasName": ?"(alias\/(?!aws\/)[^"]+)"/g },
  { service: 'secretsmanager', target: 'secretsmanager.ListSecrets', names: /"Name": ?"([^"]+)"/g },
  {
    service: 'cognito-idp',
    target: 'AWSCognitoIdentityProviderService.ListUserPools',
    body: '{"MaxResults":10}',
    names: /"Name": ?"([^"]+)"/g,
  },
  {
    service: 'wafv2',
    target: 'AWSWAF_20190729.ListWebACLs',
    body: '{"Scope":"REGIONAL"}',
    names: /"Name": ?"([^"]+)"/g,
  },
  {
    service: 'ecr',
    target: 'AmazonEC2ContainerRegistry_V20150921.DescribeRepositories',
    names: /"repositoryName": ?"([^"]+)"/g,
  },
  {
    service: 'elasticloadbalancing',
    form: 'Action=DescribeLoadBalancers&Version=2015-12-01',
    names: /<LoadBalancerName>([^<]+)</g,
  },
  {
    service: 'elasticloadbalancing',
    form: 'Action=DescribeTargetGroups&Version=2015-12-01',
    names: /<TargetGroupName>([^<]+)</g,
  },
  { service: 'monitoring', form: 'Action=DescribeAlarms&Version=2010-08-01', names: /<AlarmName>([^<]+)</g },
  {
    service: 'monitoring',
    form: 'Action=ListDashboards&Version=2010-08-01',
    names: /<DashboardName>([^<]+)</g,
  },
  { service: 'sns', form: 'Action=ListTopics&Version=2010-03-31', names: /<TopicArn>([^<]+)</g },
  {
    service: 'iam',
    form: 'Action=ListRoles&Version=2010-05-08',
    names: /<RoleName>(?!AWSServiceRole)([^<]+)</g,
  },
  {
    service: 'iam',
    form: 'Action=ListPolicies&Scope=Local&Version=2010-05-08',
    names: /<PolicyName>([^<]+)</g,
  },
  { service: 'iam', form: 'Action=ListOpenIDConnectProviders&Version=2010-05-08', names: /<Arn>([^<]+)</g },
  // The default VPC of a region, 172.31.0.0/16, belongs to nobody.
  {
    service: 'ec2',
    form: 'Action=DescribeVpcs&Version=2016-11-15',
    names: /<cidrBlock>(?!172\.31\.)([^<]+)</g,
  },
  {
    service: 'ec2',
    form: 'Action=DescribeNatGateways&Version=2016-11-15&Filter.1.Name=state&Filter.1.Value.1=available',
    names: /<natGatewayId>([^<]+)</g,
  },
  { service: 'ec2', form: 'Action=DescribeAddresses&Version=2016-11-15', names: /<allocationId>([^<]+)</g },
  {
    service: 'ec2',
    form: 'Action=DescribeVpcEndpoints&Version=2016-11-15',
    // Deleted ones stay listed for a while.
    names: /<vpcEndpointId>([^<]+)<(?:(?!<vpcEndpointId>)[\s\S])*?<state>available</g,
  },
];

/** What an emulated account still holds, as `service name`; empty when all is gone. */
export async function listLeftovers(url: string, region = 'eu-west-1'): Promise<readonly string[]> {
  const found = await Promise.all(
    questions.map(async (question) => {
      const answer = await ask(url, region, question);
      return [...answer.matchAll(question.names)].map(([, name]) => `${question.service} ${name ?? ''}`);
    }),
  );
  return found.flat();
}

async function ask(
  url: string,
  region: string,
  { service, target, form, path, body }: Question,
): Promise<string> {
  const type = target === undefined ? 'application/x-www-form-urlencoded' : 'application/x-amz-json-1.1';
  const response = await fetch(new URL(path ?? '/', url), {
    method: path === undefined ? 'POST' : 'GET',
    headers: {
      authorization: `AWS4-HMAC-SHA256 Credential=test/20260101/${region}/${service}/aws4_request, SignedHeaders=host, Signature=none`,
      'content-type': type,
      ...(target === undefined ? {} : { 'x-amz-target': target }),
    },
    ...(path === undefined ? { body: form ?? body ?? '{}' } : {}),
  });
  const answer = await response.text();
  if (!response.ok)
    throw new Error(`${service} ${target ?? form ?? ''} answered ${response.status}: ${answer}`);
  return answer;
}
