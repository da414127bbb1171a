/** `lastword sol`: serial over LAN. IPMI 2.0 rev 1.1, section 26. */
import { group } from '../declare.ts'
import { solLine } from './sol-activate.ts'
import { solSettings } from './sol-settings.ts'

export const sol = group('sol', 'serial over LAN', [...solSettings, ...solLine])
