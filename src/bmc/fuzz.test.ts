import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { catalogue } from '../protocol/catalogue.ts'
import { requestBytes } from '../protocol/message.ts'
import { execute } from './execute.ts'
import { Fixture } from './testing.ts'
import { defaultConfig } from './world/default-world.ts'

describe('a BMC that is asked anything', () => {
  // One BMC for all: what one request leaves behind meets the next.
  const fixture = new Fixture({}, { ...defaultConfig, satellites: [{ name: 'S', address: 0x24 }] })

  for (const command of catalogue) {
    it(`answers ${command.name} with a completion code, whatever the data`, () => {
      const group = command.group === undefined ? [] : [command.group]
      fc.assert(
        fc.property(fc.uint8Array({ maxLength: 24 }), data => {
          const request = requestBytes(command.netFn, command.cmd, Uint8Array.from([...group, ...data]))
          const response = execute(fixture.bmc, request)
          assert.equal(response[0], request[0]! | 0x04)
          assert.ok(response.length >= 3)
          fixture.bmc.settle()
          fixture.pass(1)
        }),
        { numRuns: 150 },
      )
    })
  }

  it('answers any bytes at all', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), request => {
        assert.ok(execute(fixture.bmc, request).length >= 3)
      }),
      { numRuns: 2000 },
    )
  })
})
