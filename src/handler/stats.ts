/** The handler's counters, named as Linux names them. */
export function newHandlerStats() {
  return {
    sentInvalidCommands: 0,
    sentLocalCommands: 0,
    handledLocalResponses: 0,
    unhandledLocalResponses: 0,
    sentIpmbCommands: 0,
    sentIpmbCommandErrs: 0,
    retransmittedIpmbCommands: 0,
    timedOutIpmbCommands: 0,
    sentIpmbResponses: 0,
    unsentIpmbResponses: 0,
    handledIpmbResponses: 0,
    invalidIpmbResponses: 0,
    unhandledIpmbResponses: 0,
    handledCommands: 0,
    invalidCommands: 0,
    unhandledCommands: 0,
    events: 0,
    invalidEvents: 0,
  }
}

export type HandlerStats = ReturnType<typeof newHandlerStats>
