import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { digestInputs, environments } from '../../../tools/checks/plans/inputs.ts';
import { planEnvironments } from '../../../tools/checks/plans/live.ts';
import { denormalise, normalise, readRecording } from '../../../tools/checks/plans/recording.ts';
import { describeWith } from '../../support/requirements.ts';
import { awsProvider, registryModules, terraform } from '../../support/terraform.ts';

const project = resolve('.');

describe('the recorded plans', () => {
  test.each(environments)('%s is recorded from the HCL and the inputs that are here', async (environment) => {
    const recording = await readRecording(project, environment);

    const isCurrent = recording.inputs === (await digestInputs(project));
    expect(
      isCurrent ? 'current' : 'older than the HCL: run `npm run plans -- record`, review the difference',
    ).toBe('current');
  });

  test('hold no sentence of a module and no secret', () => {
    const all = environments
      .map((environment) => readFileSync(`tests/checks/plan/recorded/${environment}.json`, 'utf8'))
      .join('');

    expect(all.match(/"description"|"secret_string"/g)).toBeNull();
  });

  test('are the same when they are read and recorded again', async () => {
    const { plan } = await readRecording(project, 'prod');

    expect(normalise(denormalise(plan))).toEqual(plan);
  });
});

describeWith([terraform, awsProvider, registryModules], 'the live plan', () => {
  test('of each environment equals its recording', async () => {
    const plans = await planEnvironments(project, (line) => process.stdout.write(`${line}\n`));

    for (const [environment, live] of plans) {
      expect({ environment, ...live }).toEqual({
        environment,
        ...(await readRecording(project, environment)),
      });
    }
  }, 300_000);
});
