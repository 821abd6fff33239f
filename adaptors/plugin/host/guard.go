package host

// guard has the process group of a program ended when this process is gone,
// however it ends. forget is called when the group has ended.
func guard(group int) (forget func()) { return func() {} }
