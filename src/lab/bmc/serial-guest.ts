/** A guest of one disk sector that talks over its serial port, and says so when its BMC does something to it; for tests. */

/**
 * Says that it is up; shows what is typed in capitals; says when an NMI strikes, and when the KCS interface at CA2h calls
 * for attention. Real-mode x86 from 7C00h on.
 */
const code = `
31c0 8ed8 8ed0 bc007c    ; xor ax,ax; mov ds,ax; mov ss,ax; mov sp,7c00h
c7060800437c a30a00      ; mov word [2*4],nmi; mov [2*4+2],ax
31db                     ; xor bx,bx           the attention bit as it was
be677c e83200            ; mov si,up; call say
baa30c ec 2404           ; loop: mov dx,0ca3h; in al,dx; and al,4
38d8 88c3 740a           ; cmp al,bl; mov bl,al; je key
84c0 7406                ; test al,al; jz key
be757c e81c00            ; mov si,attention; call say
bafd03 ec a801 74e2      ; key: mov dx,3fdh; in al,dx; test al,1; jz loop
baf803 ec 24df           ; mov dx,3f8h; in al,dx; and al,0dfh
e81500 ebd7              ; call put; jmp loop
60 be817c e80200 61 cf   ; nmi: pusha; mov si,nmiText; call say; popa; iret
ac 84c0 7415             ; say: lodsb; test al,al; jz done
e80200 ebf6              ; call put; jmp say
88c4                     ; put: mov ah,al
bafd03 ec a820 74f8      ; wait: mov dx,3fdh; in al,dx; test al,20h; jz wait
88e0 baf803 ee c3        ; mov al,ah; mov dx,3f8h; out dx,al; done: ret
`
const texts = ['guest is up', 'attention', 'NMI']
const SECTOR_BYTES = 512
const BOOT_MARK = [0x55, 0xaa]

/** A disk that boots it. */
export function serialGuestDisk(): Uint8Array {
  const disk = new Uint8Array(SECTOR_BYTES)
  const hex = code.replace(/;.*$/gm, '').replace(/\s/g, '')
  disk.set(Buffer.concat([Buffer.from(hex, 'hex'), Buffer.from(texts.map(text => `${text}\r\n\0`).join(''))]))
  disk.set(BOOT_MARK, SECTOR_BYTES - BOOT_MARK.length)
  return disk
}
