import { describe, expect, test } from '@jest/globals';
import { checkSignature } from '../../../tools/release/signature.ts';
import { Problem } from '../../../app/src/commands/problem.ts';

const image = `123456789012.dkr.ecr.eu-west-1.amazonaws.com/movies-api@sha256:${'0'.repeat(64)}`;

function deploy(environment: string, key: string | undefined, isGood = true, isListed = true) {
  const calls: string[][] = [];
  const verify = (...call: [string, string]) => {
    calls.push(call);
    return isGood ? Promise.resolve() : Promise.reject(new Problem('does not verify', ''));
  };
  const never = () => Promise.reject(new Error('is not asked for'));
  const env = key === undefined ? {} : { SIGNING_KEY: key };
  const verifySbom = (...call: [string, string]) => {
    calls.push(call);
    return isListed ? Promise.resolve() : Promise.reject(new Problem('no bill of materials', ''));
  };
  const cosign = { verify, sign: never, attest: never, verifySbom };
  const result = checkSignature({ environment, image }, { env, cosign, say: () => undefined });
  return { result, calls };
}

describe('deploying an image', () => {
  test('asks for its signature and that of its bill of materials with the key that is named', async () => {
    const { result, calls } = deploy('prod', 'awskms:///alias');

    await expect(result).resolves.toBeUndefined();
    expect(calls).toEqual([
      [image, 'awskms:///alias'],
      [image, 'awskms:///alias'],
    ]);
  });

  test('is refused when the signature does not verify', async () => {
    await expect(deploy('dev', 'awskms:///alias', false).result).rejects.toThrow('does not verify');
  });

  test('is refused when it has no signed bill of materials', async () => {
    await expect(deploy('dev', 'awskms:///alias', true, false).result).rejects.toThrow(
      'no bill of materials',
    );
  });

  test.each([
    ['without a key', 'dev', undefined, 'SIGNING_KEY is not set'],
    ['unsigned to prod', 'prod', 'none', 'prod takes signed images only'],
  ])('%s is refused', async (_what, environment, key, message) => {
    await expect(deploy(environment, key).result).rejects.toThrow(message);
  });

  test('unsigned on purpose is possible outside of prod', async () => {
    const { result, calls } = deploy('dev', 'none');

    await expect(result).resolves.toBeUndefined();
    expect(calls).toEqual([]);
  });
});
