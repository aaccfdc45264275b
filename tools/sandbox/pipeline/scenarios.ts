import { appendFile, cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CloudWatchLogsClient, PutRetentionPolicyCommand } from '@aws-sdk/client-cloudwatch-logs';
import { clientSettings } from '../../lib/terraform/emulated.ts';
import { startLoad } from '../deployment/load.ts';
import { createControlClient } from '../deployment/state.ts';
import { startTraffic } from '../deployment/traffic.ts';
import { region } from './account.ts';
import type { Change } from './clones.ts';
import type { StepResult } from './runner.ts';
import type { World } from './world.ts';

/** One thing that the pipeline is shown to do. */
export interface Scenario {
  readonly id: string;
  /** A scenario with its outcome. */
  readonly title: string;
  /** The scenario that has to have run before. */
  readonly after?: string;
  readonly play: (world: World, say: (line: string) => void) => Promise<Played>;
}

/** One that takes no more of the world than these parts. */
export type ScenarioOn<Part extends keyof World> = Omit<Scenario, 'play'> & {
  readonly play: (world: Pick<World, Part>, say: (line: string) => void) => Promise<Played>;
};

export interface Played {
  readonly steps: readonly StepResult[];
  /** What was seen, a sentence each. */
  readonly facts: readonly string[];
  /** What should have been seen and was not; none when the scenario holds. */
  readonly faults: readonly string[];
}

/** A fault for each claim that does not hold. */
export const unless = (claims: Readonly<Record<string, boolean>>): readonly string[] =>
  Object.entries(claims)
    .filter(([, holds]) => !holds)
    .map(([claim]) => `not so: ${claim}`);

/** By the beginning of its name, since names in the pipeline tell more. */
export const outcomeOf = (steps: readonly StepResult[], name: string): string =>
  steps.find((step) => step.name.startsWith(name))?.outcome ?? 'missing';

export const approve = (): Promise<boolean> => Promise.resolve(true);

const goodCommit: Scenario = {
  id: 'good',
  title: 'a good commit goes to prod, each environment before the next, by the digest that was pushed once',
  play: async ({ run, home, exchange, insights, servingOf }) => {
    const steps = await run('good', { approves: approve });

    const pushed = await readFile(join(home, 'runs/good/artifacts/shared/image/release/image'), 'utf8').catch(
      () => '',
    );
    const { digests, tasks } = await servingOf('prod');
    const filed = insights.calls.filter(({ method }) => method === 'PUT').length;
    return {
      steps,
      facts: [
        `pushed: ${pushed.trim()}`,
        `prod serves ${digests.join(', ')} with ${tasks} tasks`,
        `roles taken by tokens: ${exchange.granted.length} times, refused: ${exchange.refused.length} times`,
        `reports filed: ${filed}, refused by the published form: ${insights.refusals.length}`,
        'the manual step was approved by this runner',
      ],
      faults: unless({
        'each step passed': steps.every(({ outcome }) => outcome === 'passed' || outcome === 'left out'),
        'all tasks of prod run the pushed digest':
          digests.length === 1 && pushed.includes(`@${digests[0] ?? ''}`),
        'no token was refused': exchange.refused.length === 0,
        'each report was taken': insights.refusals.length === 0,
      }),
    };
  },
};

const changedPlan: Scenario = {
  id: 'changed-plan',
  title: 'a plan that was changed after its approval is refused',
  after: 'good',
  play: async ({ run, home }) => {
    const image = join('artifacts', 'shared', 'image');
    await cp(join(home, 'runs/good', image), join(home, 'runs/changed-plan', image), { recursive: true });
    const steps = await run('changed-plan', {
      leavesOut: ({ name }) => !name.includes('prod'),
      approves: async () => {
        await appendFile(join(home, 'runs/changed-plan/artifacts/shared/plan/release/prod.tfplan'), '\0');
        return true;
      },
    });

    const log = await readFile(steps.at(-1)?.log ?? '', 'utf8').catch(() => '');
    const refusal = /^.*is not the plan that was asked for.*$/m.exec(log)?.[0] ?? 'not refused';
    return {
      steps,
      facts: [`one byte was added to the plan after its approval: ${refusal}`],
      faults: unless({
        'the plan is made': outcomeOf(steps, 'Plan prod') === 'passed',
        'the changed plan is refused':
          outcomeOf(steps, 'Release to prod') === 'failed' && refusal !== 'not refused',
        'nothing is applied': !log.includes('prod: apply'),
      }),
    };
  },
};

const driftStep = 'Is dev what was applied?';

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
    const logs = new CloudWatchLogsClient(clientSettings(account.url, region));
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
        'nothing is found before': outcomeOf(before, driftStep) === 'passed',
        'the check fails after': outcomeOf(after, driftStep) === 'failed',
        'it names the resource and its attribute':
          /log_group.*retention_in_days|retention_in_days.*log_group/s.test(log),
      }),
    };
  },
};

/** Makes another image: a comment is no code, but the commit is in its labels. */
const regret = { file: 'app/src/config.ts', text: '\n// A release that somebody regrets.\n' };
/** Of `main`, for this one: the ways through dev and staging are what the scenario `good` shows. */
const needed = ['Build once', 'Plan prod', 'Release to prod'];

export const byHand: ScenarioOn<'hub' | 'run' | 'home' | 'servingOf'> = {
  id: 'by-hand',
  title: 'a person returns prod to a named digest by the pipeline for it, and prod serves that digest again',
  after: 'good',
  play: async ({ hub, run, home, servingOf }) => {
    const pushedBy = async (id: string): Promise<string> =>
      (
        await readFile(join(home, 'runs', id, 'artifacts/shared/image/release/image'), 'utf8').catch(() => '')
      ).trim();
    const digestOf = (image: string): string => image.split('@')[1] ?? 'none';
    const good = await pushedBy('good');

    await hub.propose('A release that somebody regrets', regret);
    const released = await run('by-hand-release', {
      approves: approve,
      leavesOut: ({ name }) => !needed.some((beginning) => name.startsWith(beginning)),
    });
    const regretted = await pushedBy('by-hand-release');
    const before = await servingOf('prod');
    const rollback = (id: string, image: string) =>
      run(id, { pipeline: 'custom/rollback-prod', given: { IMAGE: image }, approves: approve });
    const byTag = await rollback('by-hand-tag', good.replace(/@.*/, ':latest'));
    const refusal = await readFile(byTag[0]?.log ?? '', 'utf8').catch(() => '');
    const returned = await rollback('by-hand', good);
    await hub.restore();
    const after = await servingOf('prod');

    return {
      steps: [...released, ...byTag, ...returned],
      facts: [
        `prod served ${before.digests.join(', ')} with ${before.tasks} tasks, which somebody regrets`,
        `then IMAGE=${good} was given to rollback-prod: ${after.digests.join(', ')} with ${after.tasks} tasks`,
        'a name without a digest was refused before',
      ],
      faults: unless({
        'the regretted release reaches prod': outcomeOf(released, 'Release to prod') === 'passed',
        'it is another image': digestOf(regretted) !== digestOf(good),
        'prod serves it': before.digests.length === 1 && before.digests[0] === digestOf(regretted),
        'a name without a digest is refused':
          outcomeOf(byTag, 'Return prod') === 'failed' && refusal.includes('names an image by a tag'),
        'nothing is planned for it': !refusal.includes('prod: plan'),
        'the return passes, with its probes': outcomeOf(returned, 'Return prod') === 'passed',
        'all tasks of prod run the named digest again':
          after.digests.length === 1 && after.digests[0] === digestOf(good),
      }),
    };
  },
};

const ratePerSecond = 20;
/** More than the pipeline's longest way to a rollback. */
const maxRequests = ratePerSecond * 3_600;
/** Of a table's name: that of dev and prod is shorter, that of staging is one longer. */
const longest = 'movies-api-staging'.length - 1;

/** A limit that is too narrow by a few letters: every test and dev stay below it, staging doesn't. */
const narrowLimit = {
  file: 'app/src/config.ts',
  instead: '  read.throwFaults();\n  return config;',
  text: `  if (config.table.name.length > ${longest})
    read.fault('TABLE_NAME', 'is longer than a table was ever called');
  read.throwFaults();
  return config;`,
};

const badRelease: Scenario = {
  id: 'bad-release',
  title:
    'a commit that passes the gates and dev, and fails its probes in staging, is rolled back; the old digest serves throughout',
  after: 'good',
  play: async ({ hub, run, account, tasksOf, yieldTo }, say) => {
    const home = tasksOf('staging');
    const outputs = JSON.parse(await readFile(join(home, 'outputs.json'), 'utf8')) as Record<string, unknown>;
    await hub.propose('A limit that is too narrow, on purpose', narrowLimit);
    let load: ReturnType<typeof startLoad> | undefined;
    const answering = new Set<string>();
    let watch: NodeJS.Timeout | undefined;

    const steps = await run('bad-release', {
      approves: approve,
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

interface Mistake {
  readonly id: string;
  readonly title: string;
  readonly change: Change;
  /** Beginning of the name of the step that must stop it, and its line. */
  readonly gate: string;
  readonly line: string;
  /** What its log says of the mistake; the same line may fail for something else. */
  readonly reason: RegExp;
}

/** A scenario that takes less of the world than others: no account. */
type BrokenCommit = ScenarioOn<'hub' | 'run'> & Pick<Mistake, 'gate' | 'line' | 'reason'>;

const stoppedBy = ({ id, title, change, gate, line, reason }: Mistake): BrokenCommit => ({
  id,
  title,
  gate,
  line,
  reason,
  play: async ({ hub, run }) => {
    await hub.propose(`A mistake on purpose: ${id}`, change);
    const steps = await run(id, { approves: () => Promise.resolve(false) });
    await hub.restore();

    // The checks run to their end side by side, and another one may fail too: on a busy machine, by its time.
    const failed = steps.filter(({ outcome }) => outcome === 'failed');
    const stop = failed.find(({ name }) => name.startsWith(gate));
    const afterChecks = steps.slice(steps.findIndex(({ name }) => name.startsWith('Build once')));
    return {
      steps,
      facts: failed.map((step) => `"${step.name}" failed at: ${step.line ?? 'no line'}`),
      faults: unless({
        [`"${gate}" stops it at: ${line}`]: stop?.line === line,
        [`its log gives the reason: ${reason.source}`]: reason.test(await logOf(stop)),
        'nothing is built or deployed': afterChecks.every(({ outcome }) => outcome === 'not run'),
      }),
    };
  },
});

const logOf = (step?: StepResult): Promise<string> =>
  step?.log === undefined ? Promise.resolve('') : readFile(step.log, 'utf8');

export const brokenCommits: readonly BrokenCommit[] = [
  stoppedBy({
    id: 'type-error',
    title: 'a type error is stopped by the checks, and nothing after them runs',
    change: { file: 'app/src/config.ts', text: "\nexport const broken: number = 'a text';\n" },
    gate: 'Style, types',
    line: 'make plan-changes check test PART=project STRICT=1',
    reason: /app\/src\/config\.ts.*TS2322/,
  }),
  stoppedBy({
    id: 'secret',
    title: 'a key in a file is stopped by the security gates, and nothing after them runs',
    // In two parts, or this file would be stopped as well.
    change: {
      file: 'docs/access.txt',
      text: `aws_access_key_id = ${['AKIA', 'Q3EGRIIXYZ7ABCDE'].join('')}\n`,
    },
    gate: 'Image, security gates',
    line: 'make image security test PART=gates STRICT=1',
    reason: /aws-access.* docs\/access\.txt/,
  }),
];

/** In this order: each finds what the ones before left. */
export const scenarios: readonly Scenario[] = [
  goodCommit,
  changedPlan,
  drift,
  byHand,
  badRelease,
  ...brokenCommits,
];
