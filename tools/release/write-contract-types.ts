import { writeFile } from 'node:fs/promises';
import { generateContract } from './contract-types.ts';

for (const { file, content } of await generateContract()) await writeFile(file, content);
