/**
 * Puts a value into the text of a JSON file and takes it out again, leaving every other character as it is: comments, order,
 * indentation, line ends, a byte order mark. Taking out what was put in gives back the text that was there before.
 *
 * How a child gets into its object or list:
 * 1. It goes behind the last child, and behind the comments and the trailing comma that follow that.
 * 2. The white space before it is that before the last child, so that a file keeps its shape, one line or many.
 * 3. In an empty one it gets a line of its own, except in a file that is a single line.
 */
import {
  contentOf,
  findNode,
  holderOf,
  JsonProblem,
  type Node,
  parseObject,
  type Step,
  type Syntax,
  tokensBetween,
} from './json-syntax.js';

export class JsonDocument {
  readonly #mark: string;
  readonly #text: string;
  /** Undefined for a text that is blank. */
  readonly #root: Node | undefined;

  /** @throws JsonProblem when the text is neither blank nor an object in this syntax. */
  constructor(
    text: string,
    readonly syntax: Syntax,
  ) {
    this.#mark = text.startsWith('\ufeff') ? '\ufeff' : '';
    this.#text = text.slice(this.#mark.length);
    this.#root = this.#text.trim() === '' ? undefined : parseObject(this.#text, syntax);
  }

  get text(): string {
    return this.#mark + this.#text;
  }

  /** The value at a path; undefined where there is none. */
  get(path: readonly Step[]): unknown {
    const node = this.#find(path);
    return node === undefined ? undefined : contentOf(node);
  }

  /** Whether there is a value and nothing else: no comment that a person wrote. */
  get isEmpty(): boolean {
    const root = this.#root;
    if (root === undefined) return true;
    const inner = tokensBetween(this.#text, 0, this.#text.length);
    return root.children?.length === 0 && inner.every(({ kind }) => kind === 'other');
  }

  /** With `value` at `path`, whose objects are made where they are missing. @throws JsonProblem where one is something else. */
  set(path: readonly string[], value: unknown): JsonDocument {
    const found = this.#find(path);
    if (found !== undefined) return this.#replace(found, (indent) => this.#render(value, indent, true));
    return this.#add(path, value);
  }

  /** With `value` as the last item of the list at `path`, which is made where it is missing. @throws JsonProblem */
  append(path: readonly string[], value: unknown): JsonDocument {
    const found = this.#find(path);
    if (found === undefined) return this.set(path, [value]);
    if (found.type !== 'array') throw this.#mismatch(found, path, 'a list');
    return this.#insert(found, value, undefined);
  }

  /**
   * Without the value at `path`, and without the objects and lists above it that are empty then, except those that `keep` names.
   * The same where there is no such value.
   */
  remove(path: readonly Step[], keep: (path: readonly Step[]) => boolean = () => false): JsonDocument {
    const target = [...path];
    let node = this.#find(target);
    if (node === undefined) return this;
    while (target.length > 1) {
      const above = target.slice(0, -1);
      const container = this.#find(above);
      if (container === undefined || container.children?.length !== 1 || keep(above)) break;
      node = container;
      target.pop();
    }
    return this.#cut(holderOf(node));
  }

  /** With the value at `path` written as it is in `other`; the same where it has none. */
  restore(path: readonly string[], other: JsonDocument): JsonDocument {
    const [mine, theirs] = [this.#find(path), other.#find(path)];
    if (mine === undefined || theirs === undefined) return this;
    const text = other.#text.slice(theirs.offset, theirs.offset + theirs.length);
    return this.#replace(mine, () => text);
  }

  #find(path: readonly Step[]): Node | undefined {
    return this.#root === undefined ? undefined : findNode(this.#root, path);
  }

  #add(path: readonly string[], value: unknown): JsonDocument {
    if (this.#root === undefined) return this.#with(this.#render(nest(path, value), '', true) + this.#eol());
    let depth = path.length - 1;
    while (this.#find(path.slice(0, depth)) === undefined) depth--;
    const container = this.#find(path.slice(0, depth)) as Node;
    if (container.type !== 'object') throw this.#mismatch(container, path.slice(0, depth), 'an object');
    return this.#insert(container, nest(path.slice(depth + 1), value), path[depth]);
  }

  #insert(container: Node, value: unknown, key: string | undefined): JsonDocument {
    const text = this.#text;
    const [open, close] = [container.offset + 1, container.offset + container.length - 1];
    const last = container.children?.at(-1);
    const begin = last === undefined ? open : last.offset + last.length;
    const tokens = tokensBetween(text, begin, close);
    const end = tokens.at(-1)?.end ?? begin;
    const outer = this.#indentAt(container.offset);
    const ownLine = this.#eol() + outer + this.#unit();
    const write = (gap: string) => {
      const name = key === undefined ? '' : `${JSON.stringify(key)}:${gap === '' ? '' : ' '}`;
      const indent = gap.includes('\n') ? gap.slice(gap.lastIndexOf('\n') + 1) : outer;
      return gap + name + this.#render(value, indent, gap.includes('\n'));
    };
    if (last === undefined && tokens.length === 0) {
      const isOneLine = !text.trim().includes('\n') && container.parent !== undefined;
      return this.#splice(end, end, isOneLine ? write('') : write(ownLine) + this.#eol() + outer);
    }
    const before = last === undefined ? text.slice(open, tokens[0]?.offset) : text.slice(0, last.offset);
    // Only the last line break of several: a blank line above the last child is no reason for one above this.
    const [like = ''] = /(?:\r?\n|^|(?<=[^ \t\r\n]))[ \t]*$/.exec(before) ?? [];
    // Behind a comment that ends with its line there is no room on that line.
    const gap = tokens.at(-1)?.kind === 'line-comment' && !like.includes('\n') ? ownLine : like;
    if (last === undefined) return this.#splice(end, end, write(gap === '' ? ' ' : gap));
    if (tokens.some(({ kind }) => kind === 'comma')) return this.#splice(end, end, `${write(gap)},`);
    return this.#with(`${text.slice(0, begin)},${text.slice(begin, end)}${write(gap)}${text.slice(end)}`);
  }

  #cut(child: Node): JsonDocument {
    const text = this.#text;
    const container = child.parent as Node;
    const [open, close] = [container.offset + 1, container.offset + container.length - 1];
    const siblings = container.children ?? [];
    const at = siblings.indexOf(child);
    const [previous, next] = [siblings[at - 1], siblings[at + 1]];
    const childEnd = child.offset + child.length;
    const after = tokensBetween(text, childEnd, next?.offset ?? close);
    const before = tokensBetween(text, previous === undefined ? open : previous.offset + previous.length, child.offset);
    const from = before.at(-1)?.end ?? (previous === undefined ? open : previous.offset + previous.length);
    const comma = after.find(({ kind }) => kind === 'comma');
    if (comma !== undefined) return this.#splice(from, comma.end, '');
    const separator = before.find(({ kind }) => kind === 'comma');
    if (separator !== undefined) {
      return this.#with(text.slice(0, separator.offset) + text.slice(separator.end, from) + text.slice(childEnd));
    }
    // The only one, so the line break behind it was made for it: see `#insert`.
    const closing = `\n${this.#indentAt(container.offset)}`;
    const rest = text.slice(childEnd, close);
    const cut =
      before.length > 0 || after.length > 0
        ? 0
        : [`\r${closing}`, closing].find((line) => rest.startsWith(line))?.length;
    return this.#splice(from, childEnd + (cut ?? 0), '');
  }

  #replace(node: Node, render: (indent: string) => string): JsonDocument {
    return this.#splice(node.offset, node.offset + node.length, render(this.#indentAt(node.offset)));
  }

  #splice(from: number, to: number, by: string): JsonDocument {
    return this.#with(this.#text.slice(0, from) + by + this.#text.slice(to));
  }

  #with(text: string): JsonDocument {
    return new JsonDocument(this.#mark + text, this.syntax);
  }

  #render(value: unknown, indent: string, onLines: boolean): string {
    if (!onLines) return JSON.stringify(value);
    return JSON.stringify(value, null, this.#unit()).replaceAll('\n', this.#eol() + indent);
  }

  /** The white space at the start of the line. */
  #indentAt(offset: number): string {
    const line = this.#text.slice(this.#text.lastIndexOf('\n', offset - 1) + 1, offset);
    return /^[ \t]*/.exec(line)?.[0] ?? '';
  }

  #eol(): string {
    return /\r?\n/.exec(this.#text)?.[0] ?? '\n';
  }

  /** One level of indentation: that of the first property, where it has a line of its own. */
  #unit(): string {
    const first = this.#root?.children?.[0];
    if (first === undefined) return '  ';
    return /\n([ \t]+)$/.exec(this.#text.slice(0, first.offset))?.[1] ?? '  ';
  }

  #mismatch(node: Node, path: readonly Step[], wanted: string): JsonProblem {
    const name = path.length === 0 ? 'the file' : JSON.stringify(path.join('.'));
    return JsonProblem.at(this.#text, node.offset, `${name} is not ${wanted}`);
  }
}

function nest(keys: readonly string[], value: unknown): unknown {
  return keys.reduceRight<unknown>((inner, key) => ({ [key]: inner }), value);
}
