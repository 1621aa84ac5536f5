/** What a run says: the machine it ran on, and a line a figure. */
import { readFileSync, realpathSync } from 'node:fs';
import os from 'node:os';
import process from 'node:process';
import { newFileMicroseconds } from './new-files.mjs';
import { compare, summarize } from './statistics.mjs';

// Five times what it takes on the development machine.
const SLOW_MICROSECONDS = 50;

/** A row with its samples summed up. Without a floor `bound` and `atLeast` are on the median itself, else on the ratio. */
export function judge(name, { title, floorIs, unit = 'ms', ours, floor, bound, atLeast, point }) {
  const figure = { name, title, unit, ours: summarize(ours) };
  if (floor !== undefined) Object.assign(figure, { floorIs, floor: summarize(floor) }, compare(ours, floor));
  if (point !== undefined) Object.assign(figure, { point });
  const judged = figure.ratio ?? figure.ours.median;
  if (bound !== undefined) return { ...figure, bound, ok: judged <= bound };
  if (atLeast !== undefined) return { ...figure, atLeast, ok: judged >= atLeast };
  return figure;
}

export function describeMachine(temp) {
  const cpus = os.cpus();
  return {
    cpu: cpus[0]?.model.trim() ?? 'unknown',
    cores: cpus.length,
    memoryGiB: Math.round(os.totalmem() / 2 ** 30),
    node: process.versions.node,
    platform: `${process.platform} ${os.release()} ${process.arch}`,
    fileSystem: fileSystemOf(temp),
    newFileMicroseconds: Math.round(newFileMicroseconds(temp)),
    load: os.loadavg().map((load) => Math.round(load * 100) / 100),
  };
}

export function machineLines(machine, seconds) {
  const { cpu, cores, memoryGiB, node, platform, fileSystem, newFileMicroseconds: newFile, load } = machine;
  const lines = [
    `${cpu}, ${cores} cores, ${memoryGiB} GiB; Node ${node}, ${platform}; temporary files on ${fileSystem}, a new one in ${newFile} us`,
    `load ${load.join(' ')} at the start; ${Math.round(seconds)} s`,
  ];
  if (fileSystem === 'tmpfs') lines.push('A sync costs nothing on tmpfs: set TMPDIR to a folder on a disk.');
  if (newFile > SLOW_MICROSECONDS) {
    lines.push('Making a file is slow here now, which tells against every figure that makes one. See new-files.mjs.');
  }
  return lines;
}

const HEADS = ['figure', 'median', 'quartiles', 'floor', 'quartiles', 'ratio', 'low to high', 'bound', ''];

export function tableLines(figures) {
  const rows = [HEADS, ...figures.map(cells)];
  const widths = HEADS.map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const line = (row) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join('  ');
  return rows.map((row) => line(row).trimEnd());
}

function cells(figure) {
  const { title, unit, ours, floor, ratio, low, high, bound, atLeast, ok } = figure;
  const spread = ({ q1, q3 }) => `${number(q1)}-${number(q3)}`;
  const limit = bound ?? atLeast;
  const side = atLeast === undefined ? 'at most' : 'at least';
  return [
    title,
    `${number(ours.median)} ${unit}`,
    spread(ours),
    floor === undefined ? '' : `${number(floor.median)} ${unit}`,
    floor === undefined ? '' : spread(floor),
    ratio === undefined ? '' : ratio.toFixed(2),
    ratio === undefined ? '' : `${low.toFixed(2)}-${high.toFixed(2)}`,
    limit === undefined ? '' : `${side} ${limit} ${floor === undefined ? unit : 'x'}`,
    ok === undefined ? '' : ok ? 'ok' : 'BEYOND',
  ];
}

function number(value) {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** Type of the file system that `folder` is on, where the system tells. */
function fileSystemOf(folder) {
  try {
    const real = realpathSync(folder);
    const mounts = readFileSync('/proc/self/mounts', 'utf8')
      .split('\n')
      .map((line) => line.split(' '))
      .filter(([, point]) => point === '/' || real === point || real.startsWith(`${point}/`));
    // Of two mounts at one place the later one is seen.
    const [, , type] = mounts.reduce((best, mount) => (mount[1].length >= best[1].length ? mount : best));
    return type;
  } catch {
    return 'an unknown file system';
  }
}
