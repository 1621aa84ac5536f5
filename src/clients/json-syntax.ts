/** Reads JSON, with or without comments, keeping where each value stands. */
import { createScanner, getNodeValue, type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';

export type { Node };

/** What a client accepts in its file: JSON as it is, comments too, or commas before a closing bracket as well. */
export type Syntax = 'json' | 'comments' | 'trailing-commas';

/** A step into a value: a key, or a place in a list. */
export type Step = string | number;

/** What is wrong in a text, and where, counted from 1. */
export class JsonProblem extends Error {
  override readonly name = 'JsonProblem';

  constructor(
    readonly line: number,
    readonly column: number,
    message: string,
  ) {
    super(message);
  }

  static at(text: string, offset: number, message: string): JsonProblem {
    const lines = text.slice(0, offset).split(/\r\n|\n|\r/);
    return new JsonProblem(lines.length, (lines.at(-1) ?? '').length + 1, message);
  }
}

/** The tree of a text that is an object. @throws JsonProblem */
export function parseObject(text: string, syntax: Syntax): Node {
  const errors: ParseError[] = [];
  let root: Node | undefined;
  try {
    root = parseTree(text, errors, {
      disallowComments: syntax === 'json',
      allowTrailingComma: syntax === 'trailing-commas',
    });
  } catch (error) {
    // The parser goes one call deeper for each level.
    if (error instanceof RangeError) throw new JsonProblem(1, 1, 'nested too deeply');
    throw error;
  }
  const [first] = errors;
  if (first !== undefined) throw JsonProblem.at(text, first.offset, describe(printParseErrorCode(first.error)));
  if (root?.type !== 'object') throw JsonProblem.at(text, root?.offset ?? 0, 'not a JSON object');
  return root;
}

/** The value at a path. Of a key that is there twice the last counts, as for JSON.parse. */
export function findNode(root: Node, path: readonly Step[]): Node | undefined {
  let node: Node | undefined = root;
  for (const step of path) node = node === undefined ? undefined : findChild(node, step);
  return node;
}

/** The property of an object (`"key": value`), or the item of a list, that holds the value `node`. */
export function holderOf(node: Node): Node {
  return node.parent?.type === 'property' ? node.parent : node;
}

export function contentOf(node: Node): unknown {
  return getNodeValue(node);
}

export interface Token {
  readonly kind: 'comma' | 'line-comment' | 'comment' | 'other';
  readonly offset: number;
  readonly end: number;
}

/** What stands in `text` from one offset to another besides white space. */
export function tokensBetween(text: string, from: number, to: number): Token[] {
  const scanner = createScanner(text, false);
  scanner.setPosition(from);
  const tokens: Token[] = [];
  for (scanner.scan(); scanner.getTokenLength() > 0 && scanner.getTokenOffset() < to; scanner.scan()) {
    const offset = scanner.getTokenOffset();
    const end = offset + scanner.getTokenLength();
    const token = text.slice(offset, end);
    if (token.trim() !== '') tokens.push({ kind: kindOf(token), offset, end });
  }
  return tokens;
}

function kindOf(token: string): Token['kind'] {
  if (token.startsWith('//')) return 'line-comment';
  if (token.startsWith('/*')) return 'comment';
  return token === ',' ? 'comma' : 'other';
}

function findChild(node: Node, step: Step): Node | undefined {
  if (typeof step === 'number') return node.type === 'array' ? node.children?.[step] : undefined;
  if (node.type !== 'object') return undefined;
  return node.children?.findLast(({ children }) => children?.[0]?.value === step)?.children?.[1];
}

/** `PropertyNameExpected` as words. */
function describe(code: string): string {
  return `not valid JSON: ${code.replace(/(?<=[a-z])[A-Z]/g, (letter) => ` ${letter.toLowerCase()}`).toLowerCase()}`;
}

/** Whether two texts differ in nothing but white space between their tokens. Comments are tokens. */
export function sameTokens(a: string, b: string): boolean {
  const tokensOf = (text: string) =>
    tokensBetween(text, 0, text.length).map(({ offset, end }) => text.slice(offset, end));
  return JSON.stringify(tokensOf(a)) === JSON.stringify(tokensOf(b));
}
