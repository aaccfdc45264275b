import { createProgress as createSteps } from '../../app/src/commands/terminal.ts';
import type { Steps } from './terraform/terraform.ts';

/** Tells what is going on, and how long each step took. */
export interface Progress extends Steps {
  /** Names the steps that follow, as in `service: apply`. */
  readonly about: (subject: string) => void;
}

export function createProgress(write: (line: string) => void, now: () => number): Progress {
  const stream = {
    write: (text: string | Uint8Array): boolean => {
      write(String(text).replace(/\n$/, ''));
      return true;
    },
  };
  const steps = createSteps({ stream, now });
  let subject = '';
  return {
    say: write,
    about: (name) => {
      subject = name;
    },
    during: (name, work) => steps.during(subject === '' ? name : `${subject}: ${name}`, work),
  };
}
