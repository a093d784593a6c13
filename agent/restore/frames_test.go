package restore

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"testing"
	"testing/iotest"
	"testing/synctest"

	"github.com/klauspost/compress/zstd"

	"neo4j-agent/agent/snapshot"
)

// framesOf packs content as a row of frames that hold so many bytes each.
func framesOf(content []byte, size int) (packed []byte) {
	for ; len(content) > size; content = content[size:] {
		packed = append(packed, zstdOf(content[:size])...)
	}
	return append(packed, zstdOf(content)...)
}

// streamOf packs content as one frame that does not say how large it is.
func streamOf(content []byte) []byte {
	var packed bytes.Buffer
	w, _ := zstd.NewWriter(&packed)
	half := len(content) / 2
	_, _ = w.Write(content[:half])
	_ = w.Flush()
	_, _ = w.Write(content[half:])
	_ = w.Close()
	return packed.Bytes()
}

// mixed is content of which a part does not compress, a part does, and a part is one byte repeated.
func mixed(size int) []byte {
	content := make([]byte, size)
	random := rand.NewChaCha8([32]byte{7})
	_, _ = random.Read(content[:size/3])
	for i := size / 3; i < size*2/3; i++ {
		content[i] = byte(i % 251 / 7)
	}
	return content
}

func unpacked(packed io.Reader) ([]byte, error) {
	r, err := unzstd(packed)
	if err != nil {
		return nil, err
	}
	content, err := io.ReadAll(r)
	return content, errors.Join(err, r.Close())
}

// skippable is a frame that holds nothing (RFC 8878, 3.1.2).
const skippable = "\x50\x2a\x4d\x18\x03\x00\x00\x00abc"

func TestZstdIsUnpackedWhateverItsFramesAre(t *testing.T) {
	small, large := mixed(5*snapshot.FrameSize+17), mixed(3*snapshot.FrameSize)
	join := func(parts ...[]byte) []byte { return bytes.Join(parts, nil) }
	for name, c := range map[string]struct{ packed, want []byte }{
		"nothing":                     {nil, nil},
		"many small frames":           {framesOf(small, snapshot.FrameSize), small},
		"more of them than are held":  {framesOf(small, 1000), small},
		"one that is too large":       {framesOf(large, len(large)), large},
		"one that hides its size":     {streamOf(large), large},
		"small ones, then a large":    {join(framesOf(small, 9999), framesOf(large, len(large))), join(small, large)},
		"small ones, then an unsized": {join(framesOf(small, 9999), streamOf(large)), join(small, large)},
		"an unsized, then small ones": {join(streamOf(large), framesOf(small, 9999)), join(large, small)},
		"one that is skipped between": {join(framesOf(small, 9999), []byte(skippable), framesOf(large, 9999)), join(small, large)},
	} {
		t.Run(name, func(t *testing.T) {
			for _, from := range []io.Reader{bytes.NewReader(c.packed), iotest.HalfReader(bytes.NewReader(c.packed)), iotest.DataErrReader(bytes.NewReader(c.packed))} {
				if got, err := unpacked(from); err != nil || !bytes.Equal(got, c.want) {
					t.Errorf("%d bytes, want %d: %v", len(got), len(c.want), err)
				}
			}
		})
	}
}

func TestAFrameThatIsCutOffOrDamagedIsNeverTaken(t *testing.T) {
	content := mixed(3000)
	packed := framesOf(content, 1000)
	ends := map[int]bool{0: true} // where nothing but later frames is missing, which a tar's end tells
	for at := 1000; at <= len(content); at += 1000 {
		ends[len(framesOf(content[:at], 1000))] = true
	}
	for n := range packed {
		if got, err := unpacked(bytes.NewReader(packed[:n])); ends[n] != (err == nil) {
			t.Errorf("cut off after %d of %d bytes: %d bytes, %v", n, len(packed), len(got), err)
		}
		damaged := bytes.Clone(packed)
		damaged[n] ^= 1 << (n % 8)
		if got, err := unpacked(bytes.NewReader(damaged)); err == nil && !bytes.Equal(got, content) {
			t.Errorf("byte %d damaged: taken as %d bytes", n, len(got))
		}
	}
}

func TestTheTroubleOfTheSourceStaysWhatItIs(t *testing.T) {
	trouble := errors.New("the line broke")
	packed := framesOf(mixed(20*snapshot.FrameSize), snapshot.FrameSize)
	for _, n := range []int{0, 3, 1000, len(packed) / 2, len(packed)} {
		from := io.MultiReader(bytes.NewReader(packed[:n]), iotest.ErrReader(trouble))
		r, err := unzstd(from)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // it does not change when asked again
			if _, err := io.Copy(io.Discard, onlyReader{r}); !errors.Is(err, trouble) {
				t.Errorf("after %d bytes: %v", n, err)
			}
		}
		_ = r.Close()
	}
}

func TestNothingIsLeftRunningWhenUnpackingEndsEarly(t *testing.T) {
	packed := framesOf(mixed(40*snapshot.FrameSize), snapshot.FrameSize)
	for _, read := range []int64{0, 1, snapshot.FrameSize, 9*snapshot.FrameSize + 1} {
		synctest.Test(t, func(t *testing.T) { // which fails if a goroutine stays behind
			r, err := unzstd(bytes.NewReader(packed))
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.CopyN(io.Discard, r, read); err != nil {
				t.Error(err)
			}
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func FuzzZstdIsReadAsItsLibraryReadsIt(f *testing.F) {
	content := mixed(5000)
	f.Add(framesOf(content, 1000))
	f.Add(framesOf(content, 5000))
	f.Add(streamOf(content))
	f.Add(append(framesOf(content, 1000), skippable...))
	f.Add([]byte(magicZstd))
	f.Fuzz(func(t *testing.T, packed []byte) {
		library, err := zstd.NewReader(bytes.NewReader(packed), zstd.WithDecoderMaxWindow(largestWindow), zstd.WithDecoderConcurrency(1))
		if err != nil {
			t.Fatal(err)
		}
		defer library.Close()
		want, wantErr := io.ReadAll(io.LimitReader(library, 1<<22))
		r, err := unzstd(bytes.NewReader(packed))
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(io.LimitReader(r, 1<<22))
		_ = r.Close()
		if (err == nil) != (wantErr == nil) || err == nil && !bytes.Equal(got, want) {
			t.Errorf("%d bytes and %v, the library has %d and %v", len(got), err, len(want), wantErr)
		}
	})
}
