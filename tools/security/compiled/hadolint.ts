import { stringify } from 'yaml';
import type { Exception } from '../exceptions.ts';
import type { Files } from './compiled.ts';

/** hadolint's configuration (`--config`). There is one Dockerfile, so a rule that is ignored is ignored in that one. */
export const hadolintConfiguration = (exceptions: readonly Exception[]): Files => ({
  'hadolint.yaml': stringify({
    ignored: [
      ...new Set(exceptions.filter(({ gate }) => gate.includes('hadolint')).flatMap(({ rule }) => rule)),
    ].sort(),
  }),
});
