import {
  type Answer,
  type Call,
  type Gap,
  isObject,
  json,
  type JsonObject,
  list,
  readJson,
  text,
} from './call.ts';

/** What CreateService and UpdateService take and moto forgets. */
const kept = [
  'availabilityZoneRebalancing',
  'capacityProviderStrategy',
  'deploymentConfiguration',
  'enableECSManagedTags',
  'enableExecuteCommand',
  'healthCheckGracePeriodSeconds',
  'networkConfiguration',
  'placementConstraints',
  'placementStrategy',
  'platformVersion',
];

/** ECS services as they were asked for, by ARN. */
export function ecsServices(): Gap {
  const asked = new Map<string, JsonObject>();
  const remember = (call: Call, answer: Answer, before: (arn: string) => JsonObject | undefined): void => {
    const { service } = readJson(answer.body);
    if (!isObject(service)) return;
    const sent = Object.entries(readJson(call.body)).filter(([key]) => kept.includes(key));
    const arn = text(service['serviceArn']);
    asked.set(arn, { ...before(arn), ...Object.fromEntries(sent) });
  };
  const complete = (answer: Answer): Answer => {
    if (answer.status !== 200) return answer;
    const whole = (service: JsonObject): JsonObject =>
      describe(service, asked.get(text(service['serviceArn'])) ?? {});
    const { service, services, ...rest } = readJson(answer.body);
    return json({
      ...rest,
      ...(isObject(service) ? { service: whole(service) } : {}),
      ...(Array.isArray(services) ? { services: list(services).map(whole) } : {}),
    });
  };
  return {
    reason:
      'moto keeps half of what a service is asked to be and leaves its tasks pending: a second plan would show changes',
    answers: {
      'ecs.CreateService': async (call, forward) => {
        const answer = await forward(call);
        remember(call, answer, () => undefined);
        return complete(answer);
      },
      'ecs.UpdateService': async (call, forward) => {
        const answer = await forward(deploying(call));
        remember(call, answer, (arn) => asked.get(arn));
        return complete(answer);
      },
      'ecs.DeleteService': async (call, forward) => complete(await forward(call)),
      'ecs.DescribeServices': async (call, forward) => complete(await forward(call)),
    },
  };
}

/** AWS starts a deployment for a new task definition by itself, moto only when forced to. */
function deploying(call: Call): Call {
  const request = readJson(call.body);
  if (!('taskDefinition' in request)) return call;
  return { ...call, body: Buffer.from(JSON.stringify({ ...request, forceNewDeployment: true })) };
}

/** moto starts no task, so whoever waits for a steady state is told that the desired tasks run. */
function describe(service: JsonObject, asked: JsonObject): JsonObject {
  const { launchType, desiredCount, taskDefinition, ...rest } = service;
  const running = { desiredCount, taskDefinition, runningCount: desiredCount, pendingCount: 0 };
  const { capacityProviderStrategy, platformVersion, networkConfiguration } = asked;
  const placement = {
    ...(capacityProviderStrategy === undefined ? { launchType } : { capacityProviderStrategy }),
    ...(platformVersion === undefined ? {} : { platformVersion }),
    ...(networkConfiguration === undefined ? {} : { networkConfiguration }),
  };
  const deployments = list(service['deployments']).map(({ launchType: _, ...one }) => ({
    ...one,
    ...running,
    ...placement,
    rolloutState: 'COMPLETED',
  }));
  return { ...rest, ...running, ...asked, ...placement, deployments };
}
