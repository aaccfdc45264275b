import { writeFile } from 'node:fs/promises';
import { generateContract } from './generate.ts';

for (const { file, content } of await generateContract()) await writeFile(file, content);
