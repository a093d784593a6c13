package restore

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// mayMount is set in a process that is root of a user namespace of its own.
const mayMount = "RESTORE_TEST_MAY_MOUNT"

// asRoot plays the test again as root of namespaces of its own, where who is not root may mount (user_namespaces(7)), and
// says whether it did. Where these cannot be had the test fails.
func asRoot(t *testing.T) bool {
	t.Helper()
	if os.Geteuid() == 0 || os.Getenv(mayMount) != "" {
		return false
	}
	command := exec.CommandContext(t.Context(), "/proc/self/exe", "-test.run", "^"+t.Name()+"$", "-test.v")
	command.Env = append(os.Environ(), mayMount+"=yes")
	command.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER | unix.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	text, err := command.CombinedOutput()
	if err != nil || !bytes.Contains(text, []byte("--- PASS: "+t.Name()+" ")) {
		t.Fatalf("not as root of a namespace either (it needs user namespaces, or root): %v\n%s", err, text)
	}
	return true
}

// mount makes a folder the root of a file system of its own.
func (v volume) mount(name string) string {
	v.t.Helper()
	path := filepath.Join(v.root, name)
	if err := os.MkdirAll(path, 0o755); err != nil {
		v.t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", path, "tmpfs", 0, "size=8m,mode=0777"); err != nil {
		v.t.Fatalf("cannot mount a tmpfs: %v", err)
	}
	v.t.Cleanup(func() { _ = unix.Unmount(path, unix.MNT_DETACH) })
	return path
}

// mountWithLostFound does it as mkfs.ext4 leaves it.
func (v volume) mountWithLostFound(name string) string {
	v.t.Helper()
	path := v.mount(name)
	if err := os.Mkdir(filepath.Join(path, lostFound), 0o700); err != nil {
		v.t.Fatal(err)
	}
	return path
}

func (v volume) keepsLostFound(path string) {
	v.t.Helper()
	if info, err := os.Stat(filepath.Join(path, lostFound)); err != nil || !info.IsDir() {
		v.t.Errorf("lost+found is gone: %v", err)
	}
}

func TestAFolderThatIsMountedIsEmptiedAndFilled(t *testing.T) {
	if asRoot(t) {
		return
	}
	bucket, api := newFakeS3(t)
	bucket.put("a.tar.zst", zstdOf(tarOf(store(1), "")))
	v := newVolume(t)
	v.mount("data/databases/graph.db")
	v.write(map[string]string{"data/databases/graph.db/old": "x"})
	options := v.options("backups/a.tar.zst", api)
	options.Overwrite = true
	v.mustRestore(options)
	v.holds("graph.db", store(1))
}

func TestAFileSystemOfItsOwnIsRestoredToAndKeepsItsLostFound(t *testing.T) {
	if asRoot(t) {
		return
	}
	bucket, api := newFakeS3(t)
	bucket.put("a.tar.zst", zstdOf(tarOf(store(1), "")))
	bucket.put("b.tar.zst", zstdOf(tarOf(store(2), "")))
	for _, mounted := range []string{"data/databases", "data/databases/graph.db"} {
		t.Run(mounted, func(t *testing.T) {
			v := newVolume(t)
			path := v.mountWithLostFound(mounted)
			if empty, err := Empty([]string{v.databases()}); !empty || err != nil {
				t.Errorf("it counts as data: %v", err)
			}
			v.mustRestore(v.options("backups/a.tar.zst", api))
			v.holds("graph.db", store(1))
			v.keepsLostFound(path)
			again := v.options("backups/b.tar.zst", api)
			again.Overwrite = true
			v.mustRestore(again)
			v.holds("graph.db", store(2))
			v.keepsLostFound(path)
		})
	}
}

// withoutRights runs what is to be tested without root's rights to everybody's files, on a thread of its own.
func withoutRights(t *testing.T, test func()) {
	t.Helper()
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // and never unlocked: the thread ends with this
		var none [2]unix.CapUserData
		err := unix.Capset(&unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}, &none[0])
		if err == nil {
			test()
		}
		done <- err
	}()
	if err := <-done; err != nil {
		t.Fatalf("cannot give up rights: %v", err)
	}
}

func TestALostFoundThatOnlyRootMayReadIsNeitherDataNorInTheWay(t *testing.T) {
	if asRoot(t) {
		return
	}
	v := newVolume(t)
	path := v.mountWithLostFound("tx_log")
	if err := os.Chmod(filepath.Join(path, lostFound), 0); err != nil { // as another's of mode 0700
		t.Fatal(err)
	}
	withoutRights(t, func() {
		if _, err := os.ReadDir(filepath.Join(path, lostFound)); !errors.Is(err, os.ErrPermission) {
			t.Errorf("it can be read: %v", err)
		}
		if file, err := firstFile([]string{path}); file != "" || err != nil {
			t.Errorf("found %q, %v", file, err)
		}
		if err := os.WriteFile(filepath.Join(path, "neostore.transaction.db.0"), []byte("old"), 0o600); err != nil {
			t.Error(err)
		}
		if size, err := sizeOf([]string{path}); size != 3 || err != nil {
			t.Errorf("%d bytes, %v", size, err)
		}
		if err := syncTree(osDisk{}, path, v.root); err != nil {
			t.Error(err)
		}
		if err := discard(osDisk{}, path); err != nil {
			t.Error(err)
		}
	})
	if left := names1(t, path); len(left) != 1 || left[0] != lostFound {
		t.Errorf("left: %v", left)
	}
}

func TestAFolderThatIsOnlyCalledLostFoundIsLikeAnyOther(t *testing.T) {
	if asRoot(t) {
		return
	}
	v := newVolume(t)
	v.write(map[string]string{"data/databases/lost+found/neostore": "x"}) // where nothing is mounted
	path := v.mountWithLostFound("tx_log")
	v.write(map[string]string{"tx_log/lost+found/#12": "what e2fsck has found"})
	for _, folder := range []string{v.databases(), path} {
		if file, err := firstFile([]string{folder}); file == "" || err != nil {
			t.Errorf("%s holds nothing, %v", folder, err)
		}
	}
	if err := discard(osDisk{}, v.databases()); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(v.databases()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is left: %v", err)
	}
}

func TestALostFoundBesideASnapshotIsNoPartOfIt(t *testing.T) {
	if asRoot(t) {
		return
	}
	v := newVolume(t)
	path := v.mountWithLostFound("snapshot")
	for name, content := range store(1) {
		v.write(map[string]string{"snapshot/" + name: string(content)})
	}
	v.mustRestore(v.options(path, nil))
	v.holds("graph.db", store(1))
	if _, err := os.Stat(filepath.Join(v.databases(), "graph.db", lostFound)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it was taken into the store: %v", err)
	}
}
