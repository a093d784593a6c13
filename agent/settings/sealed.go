package settings

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// seals make a memory file unchangeable for good (fcntl(2), "File Sealing").
const seals = unix.F_SEAL_SEAL | unix.F_SEAL_SHRINK | unix.F_SEAL_GROW | unix.F_SEAL_WRITE

// Seal puts secrets into a memory file that nobody can change any more. It closes on exec; a child gets it by being
// started with it.
func Seal(secrets map[string]string) (*os.File, error) {
	raw := make(map[string][]byte, len(secrets)) // bytes, since JSON would mend text that is not UTF-8
	for name, value := range secrets {
		raw[name] = []byte(value)
	}
	text, err := json.Marshal(raw)
	if err != nil {
		return nil, fmt.Errorf("cannot encode secrets: %v", err)
	}
	file, err := memoryFile()
	if err != nil {
		return nil, fmt.Errorf("cannot create a memory file for secrets: %v", err)
	}
	_, err = file.Write(text)
	if err == nil {
		_, err = unix.FcntlInt(file.Fd(), unix.F_ADD_SEALS, seals)
	}
	if err != nil {
		_ = file.Close()
		return nil, fmt.Errorf("cannot seal secrets: %v", err)
	}
	return file, nil
}

// memoryFile is memfd_create(2). MFD_NOEXEC_SEAL came with Linux 6.3, where vm.memfd_noexec can demand it; older
// kernels answer EINVAL.
func memoryFile() (*os.File, error) {
	const flags, name = unix.MFD_CLOEXEC | unix.MFD_ALLOW_SEALING, "neo4j-agent-secrets"
	fd, err := unix.MemfdCreate(name, flags|unix.MFD_NOEXEC_SEAL)
	if errors.Is(err, unix.EINVAL) {
		fd, err = unix.MemfdCreate(name, flags)
	}
	if err != nil {
		return nil, err
	}
	return os.NewFile(uintptr(fd), name), nil
}

// Unseal reads what Seal wrote. It neither uses nor moves the file's offset, which all who inherited the file share.
func Unseal(file *os.File) (map[string]string, error) {
	held, err := unix.FcntlInt(file.Fd(), unix.F_GET_SEALS, 0)
	if err != nil || held&seals != seals {
		return nil, fmt.Errorf("cannot read secrets: descriptor %d is not a sealed memory file", file.Fd())
	}
	info, err := file.Stat()
	if err != nil {
		return nil, fmt.Errorf("cannot read secrets: %v", err)
	}
	var raw map[string][]byte
	text, err := io.ReadAll(io.NewSectionReader(file, 0, info.Size()))
	if err != nil {
		return nil, fmt.Errorf("cannot read secrets: %v", err)
	}
	if json.Unmarshal(text, &raw) != nil { // its error could quote a piece of the text
		return nil, errors.New("cannot read secrets: the memory file does not hold them")
	}
	secrets := make(map[string]string, len(raw))
	for name, value := range raw {
		secrets[name] = string(value)
	}
	return secrets, nil
}
