import { parseDocument } from 'yaml';
import { Misuse, reasonOf } from '../../app/src/commands/problem.ts';

/** What a YAML text holds. Throws `Misuse` in one sentence for what isn't YAML, a key given twice, an alias to nowhere. */
export function readYaml(text: string, name: string): unknown {
  const document = parseDocument(text, { uniqueKeys: true, merge: true });
  try {
    const [mistake] = document.errors;
    if (mistake !== undefined) throw mistake;
    return document.toJS();
  } catch (error) {
    throw new Misuse(`${name} can't be read: ${reasonOf(error)}`, 'Correct the YAML.');
  }
}
