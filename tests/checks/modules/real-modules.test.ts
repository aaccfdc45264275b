import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { describeRelease, isGrave, lockPath, readLock } from '../../../tools/lib/module-lock.ts';
import { cacheDirectory } from '../../../tools/lib/terraform/environment.ts';
import { describeWith, type Requirement } from '../../support/requirements.ts';

const project = join(import.meta.dirname, '../../..');
const mirror = cacheDirectory('modules', process.env);
const lock = await readLock(join(project, lockPath));
const releases = Object.entries(lock).flatMap(([address, versions]) =>
  Object.entries(versions).map(([version, locked]) => ({ address, version, locked })),
);

/** Commit trees of the release tags, as the clones of the modules' own repositories name them. */
const releaseTrees = {
  'registry.terraform.io/terraform-aws-modules/alb/aws@9.17.0': 'fa9ec015bee5f036e34ec7485723530cb8a1a061',
  'registry.terraform.io/terraform-aws-modules/ecs/aws@5.12.1': '29ccbd5cb0f0a18b318cbdd58e15d18d8eb2ff4e',
  'registry.terraform.io/terraform-aws-modules/vpc/aws@5.21.0': 'da7d96216427ba605f47d52b03eeb3e53199466b',
};

const mirrored: Requirement = {
  name: 'the module mirror',
  missing: () =>
    releases.every(
      ({ address, version }) =>
        existsSync(join(mirror, address, version)) && readdirSync(join(mirror, address, version)).length > 0,
    )
      ? undefined
      : 'the module mirror has not all locked releases: add them with `npm run modules -- add`',
};

describe('the lock of this project', () => {
  test('it holds the trees of the release tags', () => {
    expect(
      Object.fromEntries(
        releases.map(({ address, version, locked }) => [`${address}@${version}`, locked.tree]),
      ),
    ).toEqual(releaseTrees);
  });

  test('no locked module runs programs, asks the network or brings modules from elsewhere', () => {
    const abilities = releases.flatMap(({ locked }) =>
      Object.entries(locked.capabilities).flatMap(([directory, lines]) =>
        lines.map((capability) => ({ kind: 'gained' as const, directory, capability })),
      ),
    );

    expect(abilities.length).toBeGreaterThan(50);
    expect(abilities.filter(isGrave)).toEqual([]);
  });
});

describeWith([mirrored], 'the modules in the mirror', () => {
  test.each(releases)(
    '$address $version is what the lock says, and can do no more',
    async ({ address, version, locked }) => {
      expect(await describeRelease(join(mirror, address, version))).toEqual(locked);
    },
  );
});
