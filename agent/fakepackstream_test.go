package main

import (
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
)

// packed are values as Bolt carries them: https://neo4j.com/docs/bolt/current/packstream/
type packed struct{ bytes []byte }

func (p *packed) put(v any) {
	switch v := v.(type) {
	case nil:
		p.bytes = append(p.bytes, 0xC0)
	case bool:
		p.bytes = append(p.bytes, map[bool]byte{false: 0xC2, true: 0xC3}[v])
	case int:
		p.bytes = binary.BigEndian.AppendUint64(append(p.bytes, 0xCB), uint64(v))
	case string:
		p.bytes = append(binary.BigEndian.AppendUint32(append(p.bytes, 0xD2), uint32(len(v))), v...)
	case []any:
		p.bytes = binary.BigEndian.AppendUint32(append(p.bytes, 0xD6), uint32(len(v)))
		for _, one := range v {
			p.put(one)
		}
	case map[string]any:
		p.bytes = binary.BigEndian.AppendUint32(append(p.bytes, 0xDA), uint32(len(v)))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			p.put(name)
			p.put(v[name])
		}
	default:
		panic(fmt.Sprintf("a %T", v))
	}
}

func (p *packed) take(n int) []byte {
	taken := p.bytes[:n]
	p.bytes = p.bytes[n:]
	return taken
}

// number reads what follows a marker in so many bytes.
func (p *packed) number(width int) int {
	n := 0
	for _, b := range p.take(width) {
		n = n<<8 | int(b)
	}
	return n
}

// get reads a value. A structure is a list that begins with its tag.
func (p *packed) get() any {
	marker := p.take(1)[0]
	switch kind, size := marker&0xF0, int(marker&0x0F); {
	case marker < 0x80 || marker >= 0xF0:
		return int(int8(marker))
	case kind == 0x80:
		return string(p.take(size))
	case kind == 0x90:
		return p.list(size)
	case kind == 0xA0:
		return p.fields(size)
	case kind == 0xB0:
		tag := p.take(1)[0]
		return append([]any{tag}, p.list(size)...)
	}
	switch marker {
	case 0xC0:
		return nil
	case 0xC2, 0xC3:
		return marker == 0xC3
	case 0xC8:
		return int(int8(p.number(1)))
	case 0xC9:
		return int(int16(p.number(2)))
	case 0xCA:
		return int(int32(p.number(4)))
	case 0xCB:
		return p.number(8)
	case 0xD0, 0xD1, 0xD2:
		return string(p.take(p.number(1 << (marker - 0xD0))))
	case 0xD4, 0xD5, 0xD6:
		return p.list(p.number(1 << (marker - 0xD4)))
	case 0xD8, 0xD9, 0xDA:
		return p.fields(p.number(1 << (marker - 0xD8)))
	}
	panic(fmt.Sprintf("a marker %X", marker))
}

func (p *packed) list(n int) []any {
	list := make([]any, n)
	for i := range list {
		list[i] = p.get()
	}
	return list
}

func (p *packed) fields(n int) map[string]any {
	fields := map[string]any{}
	for range n {
		name := p.get().(string)
		fields[name] = p.get()
	}
	return fields
}
