import { createProgress as createSteps } from '../../app/src/commands/terminal.ts';
import type { Steps } from './terraform/terraform.ts';

/** Tells what is going on, and remembers how long each step took. */
export interface Progress extends Steps {
  /** Names the steps that follow, as in `service: apply`. */
  readonly about: (subject: string) => void;
  readonly timings: () => readonly { readonly step: string; readonly seconds: number }[];
}

export function createProgress(write: (line: string) => void, now: () => number): Progress {
  const stream = {
    write: (text: string | Uint8Array): boolean => {
      write(String(text).replace(/\n$/, ''));
      return true;
    },
  };
  const steps = createSteps({ stream, now });
  const timings: { step: string; seconds: number }[] = [];
  let subject = '';
  return {
    say: write,
    about: (name) => {
      subject = name;
    },
    timings: () => timings,
    during: async (name, work) => {
      const step = subject === '' ? name : `${subject}: ${name}`;
      const startedAt = now();
      try {
        return await steps.during(step, work);
      } finally {
        timings.push({ step, seconds: (now() - startedAt) / 1000 });
      }
    },
  };
}
