import type { ImageSummary } from './image-summary.ts';

const neededLabels = ['title', 'version', 'revision', 'created', 'licenses', 'source'];
const secretName = /secret|password|token|private|access_key/i;

/** What must not be true of an image that is deployed: one sentence each, none when it is fine. */
export function imageFaults({ config }: ImageSummary): string[] {
  const missingLabels = neededLabels.filter((name) => !config.labels[`org.opencontainers.image.${name}`]);
  const shells = [config.entryPoint, config.command].filter((words) => /(^|\/)(ba)?sh$/.test(words[0] ?? ''));
  return [
    ...when(
      !/^[1-9]\d*(:\d+)?$/.test(config.user),
      `runs as "${config.user}": USER must be a number that isn't 0`,
    ),
    ...when(config.healthCheck[0] !== 'CMD', 'has no HEALTHCHECK in exec form'),
    ...when(shells.length > 0, 'starts through a shell: signals would not arrive'),
    ...when(missingLabels.length > 0, `lacks the labels ${missingLabels.join(', ')}`),
    ...config.environment
      .map((setting) => setting.split('=', 1)[0] ?? '')
      .filter((name) => secretName.test(name))
      .map((name) => `carries ${name}: no secret belongs into an image`),
  ];
}

const when = (isFault: boolean, sentence: string): string[] => (isFault ? [sentence] : []);
