/**
 * The figure `growth` as a picture: an SVG without scripts, fonts or links, that brings its own background in light and in dark.
 * It holds what was measured and nothing else. Both scales are logarithmic; "none kept", which has no logarithm, stands apart.
 */
import { CURVES, OPERATIONS } from './figures/growth.mjs';

const SIZE = { width: 930, height: 400 };
const PANEL = { width: 320, height: 230, top: 78 };
const LEFT = { agents: 56, kept: 484 };
const AXES = { agents: 'live agents', kept: 'messages that the reader keeps' };
const BASES = { agents: '1 agent', kept: 'none kept' };

// Told apart by shape too. Read on white and on #0d1117 alike, also by the colour-blind: after Okabe and Ito.
const MARKS = {
  dispatch: { light: '#0072b2', dark: '#56b4e9', shape: 'M-4 -4h8v8h-8z' },
  peek: { light: '#a84300', dark: '#ff9e5e', shape: 'M0 -5.5L5 4.5H-5z' },
  ack: { light: '#00795a', dark: '#2fd6a3', shape: 'M0 -5.5L5.5 0L0 5.5L-5.5 0z' },
  who: { light: '#a03f75', dark: '#e59ac4', shape: 'M-4.5 0a4.5 4.5 0 1 0 9 0a4.5 4.5 0 1 0 -9 0z' },
};

const LABEL_HEIGHT = 15;
const TICKS = [0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000];

/**
 * The text of the SVG.
 * @param {object[]} figures judged rows of a run, with those of `growth`
 * @param {{ cpu: string, cores: number, node: string, fileSystem: string }} machine
 */
export function drawGrowth(figures, machine) {
  const points = figures.filter(({ point }) => point !== undefined);
  const ratios = points.map(({ ratio = 1 }) => ratio);
  const scale = scaleOver(Math.min(0.8, ...ratios), Math.max(2.2, ...ratios));
  const panels = Object.keys(CURVES).map((curve) => panel(curve, points, scale));
  const samples = points[0].ours.samples;
  const { cpu, cores, node, fileSystem } = machine;
  const source = `Medians of ${samples} calls each, in turns, in one run. ${cpu}, ${cores} cores, ${fileSystem}, Node ${node}; durability = "process". Drawn by npm run bench -- --draw.`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${SIZE.width} ${SIZE.height}" width="${SIZE.width}" height="${SIZE.height}" role="img" aria-labelledby="title description">
<title id="title">What a growing relay costs</title>
<desc id="description">${escaped(describe(points))}</desc>
<style>${style()}</style>
<rect class="paper" width="${SIZE.width}" height="${SIZE.height}" rx="6"/>
<text class="head" x="20" y="28">What a growing relay costs</text>
<text class="soft" x="20" y="48">Time of a call, as a multiple of the same call in a relay with next to nothing in it. Both axes are logarithmic.</text>
${panels.join('\n')}
<text class="small" x="20" y="${SIZE.height - 14}">${escaped(source)}</text>
</svg>
`;
}

function panel(curve, points, scale) {
  const left = LEFT[curve];
  const bottom = PANEL.top + PANEL.height;
  const { sizes } = CURVES[curve];
  const x = (size) => left + 14 + (sizes.indexOf(size) * (PANEL.width - 50)) / (sizes.length - 1);
  const y = (ratio) => round(bottom - scale.share(ratio) * PANEL.height);
  const grid = scale.ticks.map(
    (tick) =>
      `<path class="${tick === 1 ? 'base' : 'grid'}" d="M${left} ${y(tick)}h${PANEL.width - 22}"/>` +
      `<text class="tick" x="${left - 6}" y="${y(tick) + 4}" text-anchor="end">${tick} x</text>`,
  );
  const ticks = sizes.map(
    (size) =>
      `<text class="tick" x="${round(x(size))}" y="${bottom + 18}" text-anchor="middle">${size.toLocaleString('en-US')}</text>`,
  );
  // Zero is not on the scale: the line beneath is broken behind it.
  const gap = round((x(sizes[0]) + x(sizes[1])) / 2);
  const axis =
    sizes[0] === 0
      ? `M${left} ${bottom}H${gap - 3}M${gap - 5} ${bottom + 4}l4 -8M${gap + 1} ${bottom + 4}l4 -8M${gap + 3} ${bottom}H${left + PANEL.width - 22}`
      : `M${left} ${bottom}h${PANEL.width - 22}`;
  const lines = OPERATIONS.map((operation) => {
    const own = points.filter(({ point }) => point.curve === curve && point.operation === operation);
    const places = own.map(({ point, ratio = 1 }) => ({ x: round(x(point.size)), y: y(ratio) }));
    return { operation, places, ratio: own.at(-1).ratio, base: own[0].ours };
  });
  const labels = spread(lines.map(({ places }) => places.at(-1).y));
  return `<g>
<text class="axis" x="${left}" y="${bottom + 40}">${AXES[curve]}</text>
<path class="line" d="${axis}"/>
${[...grid, ...ticks].join('\n')}
${lines.map((line, index) => curveOf(line, labels[index])).join('\n')}
<text class="small" x="${left}" y="${bottom + 56}">1 x, ${BASES[curve]}: ${lines.map(({ operation, base }) => `${operation} ${milliseconds(base.median)}`).join(', ')}</text>
</g>`;
}

function curveOf({ operation, places, ratio }, labelY) {
  const end = places.at(-1);
  const marks = places.map(
    (place) => `<path d="${MARKS[operation].shape}" transform="translate(${place.x} ${place.y})"/>`,
  );
  return `<g class="${operation}"><path class="curve" d="M${places.map((place) => `${place.x} ${place.y}`).join('L')}"/>${marks.join('')}<path class="lead" d="M${end.x + 7} ${end.y}L${end.x + 20} ${labelY}"/><text x="${end.x + 24}" y="${labelY + 4}">${operation} ${multiple(ratio)}</text></g>`;
}

/** A logarithmic scale that holds both numbers, and its ticks. */
function scaleOver(low, high) {
  const [from, to] = [Math.log(low / 1.15), Math.log(high * 1.15)];
  const share = (ratio) => (Math.log(ratio) - from) / (to - from);
  return { share, ticks: TICKS.filter((tick) => share(tick) >= 0 && share(tick) <= 1) };
}

/** Heights for labels at these heights, none on top of another: pushed apart, and back up from the foot of the panel. */
function spread(heights) {
  const order = heights.map((y, index) => ({ y, index })).sort((a, b) => a.y - b.y);
  for (let next = 1; next < order.length; next++) {
    order[next].y = Math.max(order[next].y, order[next - 1].y + LABEL_HEIGHT);
  }
  let most = PANEL.top + PANEL.height;
  for (const label of order.toReversed()) {
    label.y = Math.min(label.y, most);
    most = label.y - LABEL_HEIGHT;
  }
  return order.sort((a, b) => a.index - b.index).map(({ y }) => round(y));
}

/** The points in words, for those who do not see the picture. */
function describe(points) {
  return points
    .filter(({ ratio }) => ratio !== undefined)
    .map(({ title, ratio, point }) => `${title}: ${multiple(ratio)} of ${BASES[point.curve]}`)
    .join('; ');
}

function style() {
  const colours = (mode) =>
    OPERATIONS.map(
      (name) => `.${name}{fill:${MARKS[name][mode]}}.${name} .curve,.${name} .lead{stroke:${MARKS[name][mode]}}`,
    );
  return `
text{font:12px system-ui,sans-serif}.head{font-size:17px;font-weight:600}.small{font-size:11px}.axis{font-weight:600}
.curve{fill:none;stroke-width:2}.lead{fill:none;stroke-width:1;opacity:.6}.line,.grid,.base{fill:none;stroke-width:1}
.paper{fill:#fff}.head,.axis{fill:#1f2328}.soft,.small,.tick{fill:#59636e}.line,.base{stroke:#818b98}.grid{stroke:#e4e8ec}
${colours('light').join('')}
@media(prefers-color-scheme:dark){
.paper{fill:#0d1117}.head,.axis{fill:#f0f6fc}.soft,.small,.tick{fill:#9198a1}.line,.base{stroke:#656c76}.grid{stroke:#262c34}
${colours('dark').join('')}
}
`;
}

function multiple(ratio) {
  return `${ratio >= 10 ? ratio.toFixed(0) : ratio.toFixed(ratio >= 2 ? 1 : 2)} x`;
}

function milliseconds(value) {
  return `${value >= 10 ? value.toFixed(1) : value.toFixed(2)} ms`;
}

function round(value) {
  return Math.round(value * 10) / 10;
}

function escaped(text) {
  return text.replace(/[&<>]/g, (character) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' })[character]);
}
