// Loaded before the server: in a process of some thousand calls, V8 takes longer to make faster code than that then saves.
require('node:v8').setFlagsFromString('--no-opt');
