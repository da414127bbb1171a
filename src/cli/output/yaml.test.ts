/** YAML is read back as it was by parsers of YAML 1.2 and 1.1, of which Python's has ways of its own. */
import assert from 'node:assert/strict'
import { spawnSync } from 'node:child_process'
import { describe, it } from 'node:test'
import { parse } from 'yaml'
import type { Plain } from './plain.ts'
import { yamlText } from './yaml.ts'

/** Text that YAML 1.1, or one of its parsers, takes for something else when it stands alone. */
const texts: readonly string[] = [
  ...[
    '52:54:00:12:34:56',
    '1:20',
    '190:20:30.15',
    '010',
    '0o10',
    '0x1F',
    '0b11',
    '1_000',
    '1,000',
    '08',
    '0',
  ],
  ...['1.5', '.5', '1.', '.', '1e3', '1e+3', '12e03', '685.230_15e+03', '+1', '-1', '.inf', '-.inf', '.NaN'],
  ...['y', 'N', 'yes', 'No', 'on', 'Off', 'True', 'FALSE', 'null', 'Null', '~', '', '=', '<<', '-', '?', ':'],
  ...['2026-11-25', '2026-11-25T09:00:00Z', '2001-12-14 21:59:43.10 -5', '!x', '&x', '*x', '@x', '`x', '%x'],
  ...[
    'x: y',
    'x #y',
    'x:',
    ' x',
    'x ',
    'a\tb',
    '\t',
    'a\nb\n',
    '\n',
    'a\r\nb',
    '"',
    "'",
    '\\',
    '{x}',
    '[x]',
    'a, b',
  ],
  ...['\x00\x1b[31m', '\x7f', 'x\x85y', '\xa0', '\u2028', '\ufeff', 'µ°Ω', '\u{1f600}', 'word '.repeat(60)],
  ...[
    'Inlet Temp',
    'IPMI/2.0',
    'RAID (0)',
    '---',
    '...',
    '--- x',
    'nan',
    'infinity',
    '1-2',
    'a-b',
    'OEM 1 %',
  ],
]
const numbers: readonly number[] = [0, -1, 1.5, 1e21, -1e-7, 1.5e-7, 2 ** 53, -0.25]

const data: Plain = {
  values: [...texts, ...numbers, true, false, null, [], {}, [[]], [{ a: [1e21, { b: [] }] }]],
  keys: Object.fromEntries(texts.map((text, index) => [text, index])),
  byText: Object.fromEntries(texts.map((text, index) => [`k${index}`, text])),
}

const python = `
import json, sys, yaml
print(json.dumps(yaml.safe_load(sys.stdin.buffer.read().decode())))
`

const hasPython = spawnSync('python3', ['-c', 'import yaml']).status === 0
const skip = hasPython || process.env.LASTWORD_NO_SKIP ? false : 'no yaml for Python (python3-yaml)'

describe('YAML', () => {
  it('is read back as it was, by the rules of 1.2 and of 1.1', () => {
    assert.deepEqual(parse(yamlText(data)), data)
    assert.deepEqual(parse(yamlText(data), { version: '1.1' }), data)
  })

  it('is read back as it was by Python', { skip }, () => {
    const { stdout, stderr } = spawnSync('python3', ['-c', python], {
      input: yamlText(data),
      encoding: 'utf8',
    })
    assert.deepEqual(JSON.parse(stdout || 'null'), data, stderr)
  })

  it('has words, and names of fields, without quotes', () => {
    assert.equal(
      yamlText({ sensor: 'Inlet Temp', mac: '52:54:00:12:34:56' }),
      'sensor: Inlet Temp\nmac: "52:54:00:12:34:56"\n',
    )
  })
})
