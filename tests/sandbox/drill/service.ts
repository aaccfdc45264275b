import { execFileSync } from 'node:child_process';
import { UpdateServiceCommand } from '@aws-sdk/client-ecs';
import { DescribeTargetGroupsCommand } from '@aws-sdk/client-elastic-load-balancing-v2';
import { askEcs, askElb } from '../../deployed/aws.ts';
import type { Deployment } from '../../deployed/deployment.ts';
import { eventually } from '../../support/eventually.ts';
import { createProgress } from '../../../tools/lib/progress.ts';
import { type LocalDeployment, withLocalDeployment } from '../../../tools/sandbox/deployment/deploy.ts';
import { createEmulatorHome } from '../../../tools/sandbox/deployment/processes.ts';
import { deployRevision } from '../../../tools/sandbox/deployment/revisions.ts';
import type { RunnerKind } from '../../../tools/sandbox/deployment/runners.ts';
import { startTraffic } from '../../../tools/sandbox/deployment/traffic.ts';
import type { LocalState } from '../../../tools/sandbox/deployment/state.ts';

/** How long the load balancer may take to notice that a target doesn't answer, in ms: as many checks as it wants to fail. */
export async function healthWindowMs(deployment: Deployment): Promise<number> {
  const { TargetGroups: groups = [] } = await askElb(deployment, (elb) =>
    elb.send(new DescribeTargetGroupsCommand({ TargetGroupArns: [deployment.outputs.targetGroupArn] })),
  );
  const { HealthCheckIntervalSeconds: interval, UnhealthyThresholdCount: checks } = groups[0] ?? {};
  if (interval === undefined || checks === undefined) throw new Error('the target group has no health check');
  return interval * checks * 1_000;
}

/** Resolves when the deployment says that it is steady and `also` agrees; the deadline is far beyond what a drill may take. */
export async function becomesSteady(
  state: () => Promise<LocalState>,
  also: (state: LocalState) => boolean = () => true,
  deadlineMs = 150_000,
): Promise<LocalState> {
  return eventually(
    async () => {
      const now = await state();
      if (now.steady && also(now)) return now;
      const tasks = now.tasks.map(({ id, status, health }) => `${id.slice(0, 8)} ${status} ${health}`);
      throw new Error(`not steady: ${tasks.join(', ')}; ${now.deployments[0]?.reason ?? ''}`);
    },
    { deadlineMs, everyMs: 200 },
  );
}

/** Ids of the tasks that are meant to run. */
export const runningTasks = ({ tasks }: Pick<LocalState, 'tasks'>): readonly string[] =>
  tasks.filter(({ status }) => status === 'RUNNING').map(({ id }) => id);

/** Deploys what runs with other settings (an empty one is taken out), and resolves with the ARN of its definition. */
export const releaseWith = (
  deployment: Deployment,
  environment: Readonly<Record<string, string>>,
): Promise<string> => askEcs(deployment, (ecs) => deployRevision(ecs, namesOf(deployment), { environment }));

/** Asks for a task definition, as an apply does. */
export const release = (deployment: Deployment, taskDefinition: string): Promise<unknown> =>
  askEcs(deployment, (ecs) => ecs.send(new UpdateServiceCommand({ ...namesOf(deployment), taskDefinition })));

/** Asks for another number of tasks, as the autoscaler does. */
export const scaleTo = (deployment: Deployment, desiredCount: number): Promise<unknown> =>
  askEcs(deployment, (ecs) => ecs.send(new UpdateServiceCommand({ ...namesOf(deployment), desiredCount })));

export interface LocalRelease {
  readonly home: string;
  /** Of the emulated account. */
  readonly endpoint: string;
  readonly image: string;
  readonly table: string;
  readonly runner: RunnerKind;
  readonly say: (line: string) => void;
  /** Called when all tasks run what was applied. */
  readonly served: () => Promise<void>;
}

/** Deploys by Terraform, as `make deploy-local` does with an image and a table that are named; a second plan must be empty. */
export async function deployLocal({
  image,
  table,
  served,
  endpoint: emulator,
  ...local
}: LocalRelease): Promise<void> {
  const { home, say } = local;
  const found = await createEmulatorHome(home).find();
  if (found?.url !== emulator) throw new Error(`no emulator runs in ${home}`);
  const commit = execFileSync('git', ['rev-parse', 'HEAD']).toString().trim();
  const context = { project: process.cwd(), home, commit, progress: createProgress(say, Date.now) };
  const work = async (applied: LocalDeployment): Promise<void> => {
    await applied.apply();
    await startTraffic({ ...local, emulator, outputs: await applied.outputs(), port: 0 });
    await served();
    await applied.expectNoChanges();
  };
  await withLocalDeployment(context, found, image, work, table);
}

const namesOf = ({ outputs: { clusterName: cluster, serviceName: service } }: Deployment) => ({
  cluster,
  service,
});
