// Loaded before the server: once its presence is there, something throws outside of every call, as THROW says.
const fs = require('node:fs');
const original = fs.renameSync;
fs.renameSync = (from, to) => {
  original(from, to);
  if (/\.presence.bob.[a-z0-9]{20}$/.test(String(to)))
    setImmediate(() => {
      if (process.env.THROW === 'rejection') Promise.reject(new Error('a stray rejection'));
      else throw new Error('a stray exception');
    });
};
require('node:module').syncBuiltinESMExports();
