// Runs a Python script on MicroPython for WebAssembly: 31-bit small integers, as on the RP2040.
//
//   node tests/parity/run_wasm.mjs [--heap BYTES] [--board FOLDER] [--file PATH]... SCRIPT.py
//        [ARGUMENT]...
//
// The script finds the Python files of this repository under /repo, which is first in sys.path,
// and each --file PATH as /files/NAME. Its output goes to stdout, a traceback to stderr; the exit
// --board FOLDER: the files there come before those of the repository. The exit
// code is 0, 1 after an exception, or the one of SystemExit, 2 for wrong usage.
//
// This port collects garbage only between calls from outside. A script that runs for long
// therefore defines a function `turn`: it is called again and again for as long as it returns
// True, with a collection after each call. --heap is the size at start; the heap grows by itself.
//
// Node finds the package @micropython/micropython-webassembly-pyscript in node_modules of this
// repository, or in NODE_PATH.

import { readFileSync, readdirSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, dirname, join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";

const PACKAGE = "@micropython/micropython-webassembly-pyscript/micropython.mjs";
const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const ROOMS = ["firmware", "protocol", "emulator", "tests"];
const HEAP_BYTES = 4 * 1024 * 1024;

const USAGE =
  "usage: run_wasm.mjs [--heap BYTES] [--board FOLDER] [--file PATH]... SCRIPT.py [ARGUMENT]...";

function usage(reason) {
  process.stderr.write(`${reason}\n${USAGE}\n`);
  process.exit(2);
}

function parse(words) {
  const options = { heap: HEAP_BYTES, board: "", files: [], script: "", args: [] };
  while (words.length && words[0].startsWith("--")) {
    const [name, value] = words.splice(0, 2);
    if (value === undefined) usage(`${name} needs a value`);
    if (name === "--heap" && Number(value) > 0) options.heap = Number(value);
    else if (name === "--board") options.board = value;
    else if (name === "--file") options.files.push(value);
    else usage(`${name} ${value} is not understood`);
  }
  if (!words.length) usage("no script");
  [options.script, ...options.args] = words;
  return options;
}

function copyTree(fs, from, to) {
  fs.mkdir(to);
  for (const entry of readdirSync(from, { withFileTypes: true })) {
    const source = join(from, entry.name);
    const target = `${to}/${entry.name}`;
    if (entry.isDirectory() && entry.name !== "__pycache__") copyTree(fs, source, target);
    else if (/\.m?py$/.test(entry.name)) fs.writeFile(target, readFileSync(source));
  }
}

async function start(options) {
  const module = createRequire(import.meta.url).resolve(PACKAGE);
  const { loadMicroPython } = await import(pathToFileURL(module));
  const python = await loadMicroPython({
    heapsize: options.heap,
    linebuffer: false,
    stdout: (bytes) => process.stdout.write(bytes),
    stderr: (bytes) => process.stderr.write(bytes),
  });
  python.FS.mkdir("/repo");
  for (const room of ROOMS) copyTree(python.FS, join(ROOT, room), `/repo/${room}`);
  if (options.board) copyTree(python.FS, options.board, "/board");
  python.FS.mkdir("/files");
  for (const file of options.files) {
    python.FS.writeFile(`/files/${basename(file)}`, readFileSync(file));
  }
  python.FS.writeFile("/main.py", readFileSync(options.script));
  return python;
}

function run(python, options) {
  const argv = JSON.stringify([options.script, ...options.args]);
  python.runPython(`import sys, gc\nsys.path[:0] = ["/board", "/repo"]\nsys.argv[:] = ${argv}`);
  python.runPython("exec(compile(open('/main.py').read(), 'main.py', 'exec'))");
  const again = "_more = globals().get('turn', bool)()";
  for (python.runPython(again); python.globals.get("_more"); python.runPython(again)) {
    python.runPython("gc.collect()");
  }
}

function exitCode(error) {
  if (error.type !== "SystemExit") {
    process.stderr.write(error.message + "\n");
    return 1;
  }
  const value = error.message.trim().split("\n").pop().replace(/^SystemExit:? ?/, "");
  if (value === "" || value === "None") return 0;
  if (/^-?\d+$/.test(value)) return Number(value) & 255;
  process.stderr.write(value + "\n");
  return 1;
}

const options = parse(process.argv.slice(2));
const python = await start(options);
try {
  run(python, options);
} catch (error) {
  process.exitCode = exitCode(error);
}
