import { readFileSync } from 'node:fs';
import ts from 'typescript';

/** The lines of one assertion: a statement of a check that can throw. */
export interface Assertion {
  readonly first: number;
  readonly last: number;
  readonly text: string;
}

/** Every assertion in the functions called `holds` of a test file. */
export function assertionsIn(path: string): readonly Assertion[] {
  const file = ts.createSourceFile(path, readFileSync(path, 'utf8'), ts.ScriptTarget.Latest, true);
  const lineOf = (position: number): number => file.getLineAndCharacterOfPosition(position).line + 1;
  const found: Assertion[] = [];
  const visit = (node: ts.Node, isInside: boolean): boolean => {
    const inside =
      isInside || (ts.isPropertyAssignment(node) && ts.isIdentifier(node.name) && node.name.text === 'holds');
    const inner: boolean[] = [];
    ts.forEachChild(node, (child) => {
      inner.push(visit(child, inside));
    });
    const hasInner = inner.includes(true);
    if (!inside || hasInner || !(ts.isExpressionStatement(node) || ts.isThrowStatement(node)))
      return hasInner;
    found.push({ first: lineOf(node.getStart()), last: lineOf(node.getEnd()), text: node.getText() });
    return true;
  };
  visit(file, false);
  return found;
}

/** Where in that file an error comes from: every line of it on the stack. */
export function linesOf(error: unknown, path: string): readonly number[] {
  const stack = error instanceof Error ? (error.stack ?? '') : '';
  return stack
    .split('\n')
    .filter((line) => line.includes(path))
    .map((line) => Number(/:(\d+):\d+\)?$/.exec(line)?.[1]));
}
