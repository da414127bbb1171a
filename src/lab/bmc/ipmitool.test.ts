import assert from 'node:assert/strict'
import { after, before, it } from 'node:test'
import { describeNeeds } from '../kernel/needs-programs.ts'
import { ClientRig } from './client-rig.ts'

/** What each command prints, over both ways; nothing may go to standard error. */
const cases: [args: string, prints: RegExp][] = [
  ['mc info', /^Device ID +: 32\n[\s\S]*Firmware Revision +: 1\.04\n[\s\S]*Chassis Device\n/],
  ['mc guid', /GUID Encoding : IPMI\n/],
  ['mc selftest', /^Selftest: passed\n/],
  ['mc getenables', /System Event Logging +: enabled/],
  ['mc watchdog get', /Watchdog Timer Is: +Stopped/],
  ['chassis status', /^System Power +: on\n[\s\S]*Power Restore Policy : previous\n/],
  ['chassis policy list', /always-off always-on previous/],
  ['chassis poh', /POH Counter/],
  ['chassis restart_cause', /^System restart cause: /],
  ['chassis identify 1', /Chassis identify interval: 1 seconds/],
  ['chassis selftest', /passed/],
  ['chassis bootparam get 5', /Boot Device Selector : No override/],
  ['chassis bootdev pxe', /Set Boot Device to pxe/],
  ['sensor list', /^CPU1 Temp +\| 50\.000 +\| degrees C +\| ok +\| -5\.000 +\| 0\.000 .* 100\.000 *\n/],
  ['sensor get Airflow', /Sensor Reading +: 65\.610 \(\+\/- 0\) CFM/],
  ['sensor thresh Fan\\ 1 lnc 1800', /Setting sensor "Fan 1" Lower Non-Critical threshold to 1800\.000/],
  ['sdr list', /^CPU1 Temp +\| 50 degrees C +\| ok\n[\s\S]*12V +\| 12 Volts +\| ok\n/],
  ['sdr elist all', /Static MC @ 20h\n[\s\S]*Logical FRU @02h\n/],
  ['sdr info', /Record Count +: 45\n/],
  ['sdr type Temperature', /^CPU1 Temp +\| 01h \| ok +\| +3\.1 \| 50 degrees C\n/],
  ['sdr entity 3.1', /CPU1 Temp[\s\S]*CPU1 Status/],
  ['event 1', /Temperature #0x30 \| Upper Critical going high/],
  ['sel info', /Entries +: 1\n[\s\S]*Overflow +: false\n/],
  ['sel list', /Temperature #0x30 \| Upper Critical going high/],
  ['sel elist', /Upper Critical going high/],
  ['sel get 1', /SEL Record ID +: 0001/],
  ['sel time get', /^\d\d\/\d\d\/\d\d/],
  ['sel delete 1', /Deleted entry 1/],
  ['fru print', /Product Name +: LW-1U simulated server\n[\s\S]*PSU2 FRU \(ID 2\)\n/],
  ['user list 1', /^2 +admin +true +true +true +ADMINISTRATOR\n3 +watch .*USER\n/m],
  ['user summary 1', /Enabled User Count +: 2\n/],
  ['user set name 5 later', /^$/],
  ['user set password 5 something', /Set User Password command successful/],
  ['user test 5 16 something', /Success/],
  ['user enable 5', /^$/],
  ['lan print 1', /^IP Address +: 127\.0\.0\.1\n[\s\S]*Cipher Suite Priv Max +: XaaaXXaaaXXaaXX\n/m],
  ['lan alert print 1', /Alert Destination +: 4\n/],
  ['lan stats get 1', /IP Rx Packet/],
  ['lan set 1 netmask 255.255.0.0', /Setting LAN Subnet Mask to 255\.255\.0\.0/],
  ['channel info 1', /Channel Medium Type +: 802\.3 LAN\n/],
  ['channel info 0', /Channel Medium Type +: IPMB \(I2C\)\n/],
  ['channel getaccess 1 2', /User Name +: admin\n/],
  ['channel getciphers ipmi 1', /^17 +N\/A +hmac_sha256 +sha256_128 +aes_cbc_128/m],
  ['session info active', /privilege level +: ADMINISTRATOR/],
  ['pef info', /0x51 \| 16 \| 16/],
  ['pef status', /0xffff/],
  ['pef policy list', /1 \| 0 \| disabled/],
  ['sol info 1', /Volatile Bit Rate \(kbps\) +: 115\.2/],
  ['dcmi discover', /Power management available/],
  ['dcmi power reading', /Instantaneous power reading: +180 Watts/],
  ['dcmi power reading 7_min', /Average power reading over sample period: +180 Watts/],
  ['dcmi power get_limit', /No Active Limit|Power Limit/],
  ['dcmi asset_tag', /rack 1/],
  ['dcmi get_mc_id_string', /lastword-0/],
  ['dcmi sensors', /Record ID 0x0002: CPU1 Temp/],
  ['dcmi get_temp_reading', /CPU temperature sensors\(41h\)\s+1\s+\+50 C/],
  ['raw 6 1', /^ 20 01 01 04 02 ff 00 00 00 01 01\n$/],
  ['lan alert set 1 1 ipaddr 10.0.0.9', /Setting LAN Alert 1 IP Address to 10\.0\.0\.9/],
  ['channel setaccess 1 3 privilege=3', /Set User Access \(channel 1 id 3\) successful/],
  ['chassis bootdev bios options=persistent,efiboot', /Set Boot Device to bios/],
  ['dcmi set_asset_tag hello', /Set Asset Tag: hello/],
  ['dcmi power set_limit limit 300', /Power Limit: +300 Watts/],
  ['dcmi power activate', /Power limit successfully activated/],
  ['mc setsysinfo system_name other', /^$/],
  ['mc getsysinfo system_name', /^other/],
  ['sol payload status 1 2', /User 2 on channel 1 is enabled/],
  ['pef filter list', /16 \| disabled/],
  ['sel clear', /Clearing SEL/],
  ['mc reset warm', /Sent warm reset command to MC/],
  ['mc reset cold', /Sent cold reset command to MC/],
  ['chassis power status', /^Chassis Power is on\n$/],
]

for (const how of ['lanplus', 'lan'] as const) {
  describeNeeds('ipmitool')(`ipmitool over ${how}`, () => {
    let rig: ClientRig
    before(async () => {
      rig = await ClientRig.start()
    })
    after(() => rig[Symbol.asyncDispose]())

    for (const [args, prints] of cases) {
      it(args, async () => {
        const words = args.match(/(?:\\ |\S)+/g)!.map(word => word.replace('\\ ', ' '))
        const { exitCode, stdout, stderr } = await rig.ipmitool(how, ...words)
        assert.deepEqual({ exitCode, stderr }, { exitCode: 0, stderr: '' }, stdout.toString())
        assert.match(stdout.toString(), prints)
      })
    }
  })
}
