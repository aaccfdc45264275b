import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startLoad } from '../../../../tests/sandbox/drill/load.ts';
import { createControlClient } from '../../deployment/control.ts';
import { startTraffic } from '../../deployment/traffic.ts';
import { approve, leavesOut, outcomeOf, unless, type Scenario } from '../scenario.ts';

const ratePerSecond = 20;
/** More than the pipeline's longest way to a rollback. */
const maxRequests = ratePerSecond * 3_600;
/** Of a table's name: that of dev and prod is shorter, that of staging is one longer. */
const longest = 'movies-api-staging'.length - 1;

/** A limit that is too narrow by a few letters: every test and dev stay below it, staging doesn't. */
const change = {
  file: 'app/src/config.ts',
  instead: '  read.throwFaults();\n  return config;',
  text: `  if (config.table.name.length > ${longest})
    read.fault('TABLE_NAME', 'is longer than a table was ever called');
  read.throwFaults();
  return config;`,
};

export const badRelease: Scenario = {
  id: 'bad-release',
  title:
    'a commit that passes the gates and dev, and fails its probes in staging, is rolled back; the old digest serves throughout',
  after: 'good',
  play: async ({ hub, run, account, tasksOf, yieldTo }, { leftOut, say }) => {
    const home = tasksOf('staging');
    const outputs = JSON.parse(await readFile(join(home, 'outputs.json'), 'utf8')) as Record<string, unknown>;
    await hub.propose('A limit that is too narrow, on purpose', change);
    let load: ReturnType<typeof startLoad> | undefined;
    const answering = new Set<string>();
    let watch: NodeJS.Timeout | undefined;

    const steps = await run('bad-release', {
      approves: approve,
      leavesOut: leavesOut(leftOut),
      before: async ({ deployment }) => {
        if (deployment !== 'staging') return;
        await yieldTo('staging');
        const { url, control } = await startTraffic({
          home,
          emulator: account.url,
          outputs,
          runner: 'containers',
          port: 0,
          say,
        });
        const client = createControlClient(control);
        const token = await client.token('movies/read');
        watch = setInterval(() => {
          void client.state().then(({ tasks }) => {
            for (const { digest, health } of tasks) if (health === 'healthy') answering.add(digest);
          });
        }, 250);
        load = startLoad({
          url,
          ratePerSecond,
          path: (n) => `/movies?year=${1990 + (n % 20)}&limit=5`,
          headers: { authorization: `Bearer ${token}` },
          timeoutMs: 10_000,
          maxRequests,
        });
      },
    });
    await load?.stop();
    clearInterval(watch);
    await hub.restore();

    const outcomes = load?.outcomes ?? [];
    const failed = outcomes.filter(({ status }) => status !== 200);
    const log = await readFile(
      join(steps.find(({ name }) => name.includes('staging'))?.log ?? ''),
      'utf8',
    ).catch(() => '');
    const verdict = /^.*ROLLED BACK.*$/m.exec(log)?.[0] ?? 'nothing was rolled back';
    const good = String(outputs['image']).split('@')[1] ?? '';
    return {
      steps,
      facts: [
        verdict,
        `${outcomes.length} requests at ${ratePerSecond} a second while it went on, ${failed.length} failed`,
        `digests that were ever healthy: ${[...answering].join(', ')}`,
      ],
      faults: unless({
        'the release to staging fails': outcomeOf(steps, 'Release to staging') === 'failed',
        'it was rolled back': log.includes(`${good} runs and passes its probes.`),
        'there were requests': outcomes.length > ratePerSecond * 30,
        'no request failed': failed.length === 0,
        'the old digest answered, and no other': answering.size === 1 && answering.has(good),
        'prod is not reached': outcomeOf(steps, 'Release to prod') === 'not run',
      }),
    };
  },
};
