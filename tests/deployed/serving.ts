import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { CloudWatchClient, SetAlarmStateCommand } from '@aws-sdk/client-cloudwatch';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { clientSettings } from '../../tools/lib/terraform/emulated.ts';
import { createAwsClients, type AwsClients } from '../../tools/sandbox/deployment/applied.ts';
import { deployRevision } from '../../tools/sandbox/deployment/revisions.ts';
import { createServingHome } from '../../tools/sandbox/deployment/processes.ts';
import type { LocalState } from '../../tools/sandbox/deployment/state.ts';
import { eventually } from '../support/eventually.ts';
import { judgeAccount, type LocalDeployment } from '../support/local-deployment.ts';
import { describeWith, evaluator } from '../support/requirements.ts';

const minutesMs = 60_000;
const run = promisify(execFile);

/** How a command ended, and what it printed. */
interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** What was applied is what serves; it follows what ECS is told, and survives what goes wrong. */
export function describeServing(deployment: () => LocalDeployment): void {
  let local: LocalDeployment;
  let aws: AwsClients;
  let names: { cluster: string; service: string };

  beforeAll(() => {
    local = deployment();
    aws = createAwsClients(local.aws, String(local.outputs['region']));
    names = {
      cluster: String(local.outputs['cluster_name']),
      service: String(local.outputs['service_name']),
    };
  });

  afterAll(() => {
    aws.destroy();
  });

  const get = async (path: string): Promise<Response> =>
    fetch(`${local.url}${path}`, {
      headers: { authorization: `Bearer ${await local.token('movies/read')}` },
    });

  const untilSteady = (check: (state: LocalState) => void): Promise<LocalState> =>
    eventually(
      async () => {
        const state = await local.state();
        expect(state.steady).toBe(true);
        check(state);
        return state;
      },
      { deadlineMs: 2 * minutesMs, everyMs: 500 },
    );

  const makeLocal = (target: string): Promise<Ended> =>
    run('make', [target, 'ENV=local'], { env: { ...process.env, LOCAL_HOME: local.home } }).then(
      (output) => ({ code: 0, ...output }),
      (error: unknown) => error as Ended,
    );

  /** What `make verify` says when this definition is what was applied. */
  const verifyAsIfApplied = async (taskDefinition: string): Promise<Ended> => {
    const home = createServingHome(local.home);
    await home.intend({ ...local.outputs, task_definition_arn: taskDefinition });
    try {
      return await makeLocal('verify');
    } finally {
      await home.intend(local.outputs);
    }
  };

  test(
    'a second plan is empty',
    async () => {
      await expect(local.expectNoChanges()).resolves.toBeUndefined();
    },
    10 * minutesMs,
  );

  describeWith([evaluator], 'its account', () => {
    test(
      'holds what the documents of the roles say, and a role may make each call that it made',
      async () => {
        // A release probes by the role that has applied.
        const role = { BITBUCKET_STEP_OIDC_TOKEN: 'its own', AWS_ACCESS_KEY_ID: 'dev-apply' };
        await run(process.execPath, ['tools/release/verify.ts', 'probes', '--env', 'local'], {
          env: { ...process.env, ...role, AWS_SECRET_ACCESS_KEY: 'none', LOCAL_HOME: local.home },
        });
        const judged = await judgeAccount(local.aws, local.home);
        const { requests } = JSON.parse(await readFile(join(local.home, 'account-before.json'), 'utf8')) as {
          requests: readonly { caller: string; action: string }[];
        };

        expect(judged).toMatchObject({ code: 0, stderr: '' });
        expect(judged.stdout).toMatch(
          /and 0 differences from the documents\n.*no request is derived from 0:\n/,
        );
        expect(Number(/^calls +(\d+) allowed/m.exec(judged.stdout)?.[1])).toBeGreaterThan(400);
        expect(requests.map(({ caller, action }) => `${caller} ${action}`)).toEqual(
          expect.arrayContaining([
            ...['dev-task dynamodb.Query', 'dev-execution secretsmanager.GetSecretValue'],
            ...[
              'dev-execution logs.PutLogEvents',
              'dev-apply ecs.ListTasks',
              'dev-apply logs.FilterLogEvents',
            ],
          ]),
        );
      },
      10 * minutesMs,
    );
  });

  test('the log line of a request is in the log file', async () => {
    const requestId = (await get('/movies?year=1999&limit=1')).headers.get('x-request-id') ?? 'none';
    const { logs, tasks } = await local.state();

    await eventually(async () => {
      const files = await Promise.all(
        tasks.map(({ id }) => readFile(join(logs, `${id}.jsonl`), 'utf8').catch(() => '')),
      );
      expect(files.join('')).toContain(requestId);
    });
  });

  test('`make status` tells what runs; of an alarm that rings it tells what to do, and calls it wrong', async () => {
    const AlarmName = `${names.service}-no-healthy-task`;
    const watch = new CloudWatchClient(clientSettings(local.aws, String(local.outputs['region'])));
    const ring = (StateValue: 'ALARM' | 'OK') =>
      watch.send(new SetAlarmStateCommand({ AlarmName, StateValue, StateReason: 'a test' }));

    const quiet = await makeLocal('status');
    await ring('ALARM');
    const ringing = await makeLocal('status').finally(() =>
      ring('OK').finally(() => {
        watch.destroy();
      }),
    );

    // What drift said of another local deployment is told, too: so nothing is said of the rest.
    expect(quiet.stdout).not.toMatch(new RegExp(`page +${AlarmName} since`));
    expect(quiet.stdout).toContain(String(local.outputs['image']).split('@')[1]);
    expect(ringing).toMatchObject({ code: 2, stderr: expect.stringContaining(': status] Error 1') });
    expect(ringing.stdout).toMatch(
      new RegExp(`WRONG NOW\n +page +${AlarmName} since .*\n.*Runbook: https://.*#no-healthy-task\n`),
    );
  });

  test(
    'a deployment whose tasks end at once is rolled back: the service keeps serving, and `make verify` calls it a failure',
    async () => {
      const broken = await deployRevision(aws.ecs, names, { environment: { LOG_LEVEL: 'unheard-of' } });

      const state = await untilSteady(({ deployments }) => {
        expect(deployments.find(({ taskDefinition }) => taskDefinition === broken)?.rolloutState).toBe(
          'FAILED',
        );
      });

      expect(state.deployments[0]?.taskDefinition).toBe(local.outputs['task_definition_arn']);
      expect((await get('/movies?year=1999&limit=1')).status).toBe(200);
      const { code, stdout, stderr } = await verifyAsIfApplied(broken);
      expect(stdout).toMatch(/^✘ the service +has reached a steady state/m);
      expect(stdout).toMatch(
        new RegExp(`rolled back: \\S+ runs, ${broken} is meant to|the deployment of ${broken} failed`),
      );
      expect(stdout).toMatch(/^\d+ passed, [1-9]\d* failed, \d+ skipped$/m);
      // Of its own make says 2 for whatever failed; what it ran ended with 1.
      expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(': verify] Error 1') });
    },
    8 * minutesMs,
  );
}
