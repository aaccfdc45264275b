import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { approve, outcomeOf, unless, type ScenarioOn } from '../scenario.ts';

/** Another image: a comment is no code, but the commit is in its labels. */
const change = { file: 'app/src/config.ts', text: '\n// A release that somebody regrets.\n' };
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

    await hub.propose('A release that somebody regrets', change);
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
