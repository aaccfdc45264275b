import { readFile, writeFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { Command, CommanderError } from 'commander';
import { format, resolveConfig } from 'prettier';
import { readDefinition } from './definition.ts';
import { drawDashboard } from './draw.ts';
import type { Recording } from './recording.ts';

const project = resolve(import.meta.dirname, '../..');
const dataFile = resolve(project, 'docs/images/dashboard-data.json');
const picture = resolve(project, 'docs/images/dashboard.svg');
const say = (line: string) => {
  console.log(line);
};

async function draw(): Promise<void> {
  const recording = JSON.parse(await readFile(dataFile, 'utf8')) as Recording;
  await writeFile(picture, drawDashboard(await readDefinition(project), recording));
  say(`Wrote ${picture.slice(project.length + 1)}`);
}

const program = new Command('make dashboard ARGS=--')
  .description(
    `Draws the picture of the CloudWatch dashboard in the docs: its definition as Terraform plans it, with what a run of
the service reported.`,
  )
  .exitOverride();
program
  .command('draw', { isDefault: true })
  .description('draw it with the run that is recorded')
  .action(draw);
program
  .command('record')
  .description(
    'run the service under load for ten minutes (takes Prometheus), keep what it reported, and draw it',
  )
  .action(async () => {
    // After the options, because it takes seconds that --help need not wait for.
    const { record } = await import('./record.ts');
    const text = JSON.stringify(await record(say));
    await writeFile(dataFile, await format(text, { ...(await resolveConfig(dataFile)), filepath: dataFile }));
    await draw();
  });

try {
  await program.parseAsync();
} catch (error) {
  if (error instanceof CommanderError) process.exitCode = error.exitCode === 0 ? 0 : 2;
  else {
    process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = 1;
  }
}
