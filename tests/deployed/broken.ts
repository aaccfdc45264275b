import {
  DisableAlarmActionsCommand,
  EnableAlarmActionsCommand,
  SetAlarmStateCommand,
} from '@aws-sdk/client-cloudwatch';
import { CreateLogGroupCommand, DeleteLogGroupCommand } from '@aws-sdk/client-cloudwatch-logs';
import { CreateTableCommand, DeleteTableCommand } from '@aws-sdk/client-dynamodb';
import { AssociateWebACLCommand, DisassociateWebACLCommand } from '@aws-sdk/client-wafv2';
import { describe, expect, test } from '@jest/globals';
import { scaleTo } from '../sandbox/drill/service.ts';
import { becomesSteady } from '../sandbox/drill/service.ts';
import { chromium, describeWith } from '../support/requirements.ts';
import { askCloudWatch, askDynamoDb, askLogs, askWaf } from './aws.ts';
import type { Deployment, Outputs } from './deployment.ts';
import { type Passed, startLyingEdge, without } from './bearing-load.ts';
import type { LocalAccess } from './open-deployment.ts';
import type { Check } from './probe.ts';
import * as access from './probes/access.ts';
import {
  checkRunningDigest,
  checkSteadyState,
  checkSwaggerUi,
  checkTargets,
  checkZones,
} from './probes/service.ts';
import {
  checkFirewallIsAttached,
  checkHeaders,
  checkInjectionIsBlocked,
  checkRateLimit,
  checkReadiness,
  checkRedirect,
} from './probes/edge.ts';
import {
  checkAlarms,
  checkLogsArrive,
  checkMetricsAreClosed,
  checkMetricsAreScrapeable,
} from './probes/telemetry.ts';
import {
  checkDeletionProtection,
  checkKeysAndIndexes,
  checkRecovery,
  checkTableKey,
} from './probes/table.ts';

const timeoutMs = 120_000;
const impatient = { deadlineMs: 1_000, everyMs: 200 };

const fails = (check: Check, deployment: Deployment, reason: RegExp): Promise<void> =>
  expect(check(deployment, impatient)).rejects.toThrow(reason);

/** Runs `work` while something is broken, and mends it whatever comes of it. */
async function whileBroken(
  broken: Promise<unknown>,
  mend: () => Promise<unknown>,
  work: () => Promise<void>,
): Promise<void> {
  await broken;
  try {
    await work();
  } finally {
    await mend();
  }
}

/** Every probe is seen failing, on a real deployment that is wrong in the one way that the probe is for. */
export function describeBrokenDeployments(local: () => LocalAccess): void {
  const deployment = (changes: Partial<Outputs> = {}): Deployment => {
    const { deployment: whole } = local();
    return { ...whole, outputs: { ...whole.outputs, ...changes } };
  };
  const behind = async (lie: (request: Passed) => Passed, work: (edge: Deployment) => Promise<void>) => {
    const edge = await startLyingEdge(deployment().url, lie);
    await whileBroken(Promise.resolve(), edge.stop, () => work({ ...deployment(), url: edge.url }));
  };

  describe('each probe fails where it should', () => {
    test('another revision than the intended one runs: it was rolled back', async () => {
      const { taskDefinitionArn } = deployment().outputs;

      await fails(
        checkSteadyState,
        deployment({ taskDefinitionArn: `${taskDefinitionArn}0` }),
        /^rolled back: /,
      );
    });

    test('another image than the intended one runs', async () => {
      const image = deployment().outputs.image.replace(/.{8}$/, '00000000');

      await fails(checkRunningDigest, deployment({ image }), /"digest": "sha256:/);
    });

    test(
      'a single task is in a single zone',
      async () => {
        const { desiredCount } = await local().state();
        const scale = async (count: number) => {
          await scaleTo(deployment(), count);
          await becomesSteady(local().state, (state) => state.desiredCount === count);
        };

        await whileBroken(
          scale(1),
          () => scale(desiredCount),
          () => fails(checkZones, deployment(), /^1 tasks run in 1 zone/),
        );
      },
      timeoutMs,
    );

    test(
      'no task is left: no target, no answer, no metrics',
      async () => {
        const { harm, state } = local();
        const { zones } = await state();
        const mend = async () => {
          await harm({ kind: 'heal' });
          await becomesSteady(state);
        };

        await whileBroken(
          Promise.all(zones.map((zone) => harm({ kind: 'lose-zone', zone }))),
          mend,
          async () => {
            await fails(checkTargets, deployment(), /healthy/);
            await fails(checkHeaders, deployment(), /"status": 503/);
            await fails(checkMetricsAreScrapeable, deployment(), /toBeGreaterThan/);
          },
        );
      },
      timeoutMs,
    );

    test('the database is gone: not ready', async () => {
      const { harm } = local();

      await whileBroken(
        harm({ kind: 'database', database: { refuse: true } }),
        () => harm({ kind: 'heal' }),
        () => fails(checkReadiness, deployment(), /"status": 503/),
      );
    });

    test('the service asks nobody for a token', async () => {
      const authorization = `Bearer ${await deployment().token('movies/read movies/write')}`;
      const open = (request: Passed) => ({ ...request, headers: { ...request.headers, authorization } });

      await behind(open, async (edge) => {
        await fails(access.checkNoToken, edge, /"status": 200/);
        await fails(access.checkForgedToken, edge, /Received: 200/);
        await fails(access.checkWrongScope, edge, /20[01]/);
      });
    });

    test('tokens get lost on the way', async () => {
      await behind(
        (request) => ({ ...request, headers: without(request.headers, 'authorization') }),
        (edge) => fails(access.checkRightScope, edge, /"status": 401/),
      );
    });

    test('what is written is kept nowhere', async () => {
      const forgetful = (request: Passed) =>
        request.method === 'POST' ? { ...request, method: 'GET', path: '/healthz' } : request;

      await behind(forgetful, (edge) => fails(access.checkWriteIsReadBack, edge, /404/));
    });

    test('metrics are forwarded to the outside', async () => {
      const [metricsUrl = ''] = (await deployment().metricsUrls?.()) ?? [];
      const forwarding = (request: Passed) =>
        request.path === '/metrics' ? { ...request, target: new URL(metricsUrl).origin } : request;

      await behind(forwarding, (edge) => fails(checkMetricsAreClosed, edge, /"isOpen": true/));
    });

    test('plain HTTP is answered, not redirected; no firewall stops anybody', async () => {
      await fails(checkRedirect, deployment(), /Received: 200/);
      await fails(checkInjectionIsBlocked, deployment(), /"status": 200/);
      await fails(checkRateLimit, deployment(), /403/);
    });

    test('the firewall is detached', async () => {
      const { loadBalancerArn: ResourceArn, webAclArn: WebACLArn } = deployment().outputs;

      await whileBroken(
        askWaf(deployment(), (waf) => waf.send(new DisassociateWebACLCommand({ ResourceArn }))),
        () => askWaf(deployment(), (waf) => waf.send(new AssociateWebACLCommand({ ResourceArn, WebACLArn }))),
        () => fails(checkFirewallIsAttached, deployment(), /Received: undefined|no web ACL|Nonexistent/i),
      );
    });

    test('the table is not as declared', async () => {
      const TableName = 'not-as-declared';
      const plain = new CreateTableCommand({
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'year', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'year', KeyType: 'HASH' }],
      });

      await whileBroken(
        askDynamoDb(deployment(), (database) => database.send(plain)),
        () => askDynamoDb(deployment(), (database) => database.send(new DeleteTableCommand({ TableName }))),
        async () => {
          const other = deployment({ tableName: TableName });
          await fails(checkKeysAndIndexes, other, /title-year/);
          await fails(checkRecovery, other, /Received: "DISABLED"/);
          await fails(checkTableKey, other, /key that AWS owns/);
          await fails(
            checkDeletionProtection,
            { ...other, environment: 'prod' },
            /"isProtected": (false|undefined)/,
          );
        },
      );
    });

    test('logs go elsewhere', async () => {
      const logGroupName = '/elsewhere';

      await whileBroken(
        askLogs(deployment(), (logs) => logs.send(new CreateLogGroupCommand({ logGroupName }))),
        () => askLogs(deployment(), (logs) => logs.send(new DeleteLogGroupCommand({ logGroupName }))),
        () => fails(checkLogsArrive, deployment({ logGroupName }), /"traceId"/),
      );
    });

    test('an alarm is missing, disabled, or in alarm', async () => {
      const { alarmNames } = deployment().outputs;
      const [AlarmName = ''] = alarmNames;
      const AlarmNames = [AlarmName];
      const set = (StateValue: 'OK' | 'ALARM') =>
        askCloudWatch(deployment(), (watch) =>
          watch.send(new SetAlarmStateCommand({ AlarmName, StateValue, StateReason: 'On purpose' })),
        );

      await fails(checkAlarms, deployment({ alarmNames: [...alarmNames, 'never-made'] }), /never-made/);
      await whileBroken(
        askCloudWatch(deployment(), (watch) => watch.send(new DisableAlarmActionsCommand({ AlarmNames }))),
        () =>
          askCloudWatch(deployment(), (watch) => watch.send(new EnableAlarmActionsCommand({ AlarmNames }))),
        () => fails(checkAlarms, deployment(), new RegExp(AlarmName)),
      );
      await whileBroken(
        set('ALARM'),
        () => set('OK'),
        () => fails(checkAlarms, deployment(), new RegExp(AlarmName)),
      );
    });

    describeWith([chromium], 'in a browser', () => {
      test(
        'a style sheet of Swagger UI is missing',
        async () => {
          const bare = (request: Passed) =>
            request.path.endsWith('swagger-ui.css') ? { ...request, path: '/nowhere' } : request;

          await behind(bare, (edge) => fails(checkSwaggerUi, edge, /swagger-ui\.css/));
        },
        timeoutMs,
      );
    });
  });
}
