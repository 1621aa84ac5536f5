/** A process of scripts/code-cache.mjs: runs a part of the program, and leaves its code cache beside it. */
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import process from 'node:process';
import { packed, scriptOf } from '../src/code-cache.ts';

const [, , file, call, args] = process.argv;
const source = readFileSync(file);
const script = scriptOf(source, file);
process.on('exit', () => writeFileSync(`${file}.cache`, packed(script.createCachedData(), source)));
const part = { exports: {} };
script.runInThisContext()(part.exports, createRequire(file), part, file, path.dirname(file));
part.exports[call](...JSON.parse(args));
