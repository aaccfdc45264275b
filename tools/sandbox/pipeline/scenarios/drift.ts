import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CloudWatchLogsClient, PutRetentionPolicyCommand } from '@aws-sdk/client-cloudwatch-logs';
import { region } from '../account.ts';
import { outcomeOf, unless, type Scenario } from '../scenario.ts';

const step = 'Is dev what was applied?';

export const drift: Scenario = {
  id: 'drift',
  title: 'a setting that somebody changed by hand is found by the nightly check, and nothing is found before',
  after: 'good',
  play: async ({ run, account, tasksOf }) => {
    const check = (id: string) =>
      run(id, { pipeline: 'custom/nightly-drift-dev', approves: () => Promise.resolve(false) });
    const before = await check('drift-before');

    const outputs = JSON.parse(await readFile(join(tasksOf('dev'), 'outputs.json'), 'utf8')) as {
      log_group_name: string;
    };
    const logs = new CloudWatchLogsClient({
      region,
      endpoint: account.url,
      credentials: { accessKeyId: 'person', secretAccessKey: 'person' },
    });
    await logs.send(
      new PutRetentionPolicyCommand({ logGroupName: outputs.log_group_name, retentionInDays: 1 }),
    );
    logs.destroy();
    const after = await check('drift-after');

    const log = await readFile(after[0]?.log ?? '', 'utf8').catch(() => '');
    const finding = /^.*aws_cloudwatch_log_group.*$/m.exec(log)?.[0].trim() ?? 'nothing was found';
    return {
      steps: [...before, ...after],
      facts: [`the retention of ${outputs.log_group_name} was set to a day by hand: ${finding}`],
      faults: unless({
        'nothing is found before': outcomeOf(before, step) === 'passed',
        'the check fails after': outcomeOf(after, step) === 'failed',
        'it names the resource and its attribute':
          /log_group.*retention_in_days|retention_in_days.*log_group/s.test(log),
      }),
    };
  },
};
